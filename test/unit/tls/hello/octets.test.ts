import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copy, number, read, readNumbers, vector } from '../../../../src/tls/hello/octets.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

describe('the presentation language, RFC 8446 §3', () => {
  it('numbers, the highest octet first', () => {
    assert.deepEqual([number(0x12, 1), number(0x0123, 2), number(0x010203, 3)].map(hex), [
      '12',
      '0123',
      '010203',
    ]);
    assert.throws(() => number(256, 1), RangeError);
    assert.throws(() => number(-1, 2), RangeError);
  });

  it('vectors, with their length before them', () => {
    assert.equal(hex(vector(2, Uint8Array.of(1), Uint8Array.of(2, 3))), '0003010203');
    assert.equal(hex(vector(1)), '00');
    assert.throws(() => vector(1, new Uint8Array(256)), RangeError);
  });

  it('what was written is read', () => {
    const cursor = read(
      Buffer.concat([number(7, 1), number(0x0303, 2), vector(3, Uint8Array.of(9, 9)), Uint8Array.of(5)]),
    );
    assert.deepEqual([cursor.number(1), cursor.number(2), hex(cursor.vector(3))], [7, 0x0303, '0909']);
    assert.ok(cursor.hasMore() && !cursor.isRead());
    assert.equal(hex(cursor.bytes(1)), '05');
    assert.ok(!cursor.hasMore() && cursor.isRead());
  });

  const broken: readonly [why: string, octets: number[]][] = [
    ['a vector that says more than there is', [3, 1, 2]],
    ['a vector that is shorter than it may be', [0]],
    ['a vector that is longer than it may be', [3, 1, 2, 3]],
    ['octets behind it', [2, 1, 2, 3]],
    ['nothing', []],
  ];
  for (const [why, octets] of broken) {
    it(`is not read: ${why}`, () => {
      const cursor = read(Uint8Array.from(octets));
      cursor.vector(1, 1, 2);
      assert.ok(!cursor.isRead());
    });
  }

  it('behind what is missing nothing is read any more', () => {
    const cursor = read(Uint8Array.of(1, 2));
    assert.equal(cursor.bytes(3).length, 0);
    assert.deepEqual([cursor.number(1), cursor.hasMore(), cursor.isRead()], [0, false, false]);
  });

  it('lists of numbers fill their vector', () => {
    assert.deepEqual(readNumbers(Uint8Array.of(3, 4, 0, 1)), [0x0304, 1]);
    assert.deepEqual(readNumbers(new Uint8Array()), []);
    assert.equal(readNumbers(Uint8Array.of(3, 4, 0)), undefined);
  });

  it('a copy of a Buffer is one', () => {
    const octets = Buffer.from([1, 2, 3]);
    const kept = copy(octets.subarray(1));
    octets.fill(0);
    assert.deepEqual(kept, Uint8Array.of(2, 3));
  });
});
