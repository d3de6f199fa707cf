import assert from 'node:assert/strict';
import { it } from 'node:test';
import { onceEach } from '../../../src/tls/once-each.ts';

it('the same octets are read once, what comes of it included where that is nothing, and others are others', () => {
  let read = 0;
  const length = onceEach((octets: Uint8Array): number | undefined => {
    read += 1;
    return octets.length === 0 ? undefined : octets.length;
  });
  const [none, some] = [new Uint8Array(), Uint8Array.of(1)];
  assert.deepEqual([none, some, none, some, Uint8Array.of(1)].map(length), [undefined, 1, undefined, 1, 1]);
  assert.equal(read, 3);
  for (let count = 0; count < 1_000; count += 1) length(Uint8Array.of(count));
  assert.equal(length(some), 1);
  assert.equal(read, 1_004);
});
