/** Every known class of attacks on every protocol in every role: ours withstands it, and a weak twin does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attacks } from './attacks.ts';
import { controls } from './victim.ts';

describe('without an attack', { concurrency: 24 }, () => {
  for (const { role, protocol, ours, twin } of controls()) {
    it(`${protocol}, ${role}: ours gets through, and so does the twin`, async () => {
      assert.equal(await ours(), 'through');
      assert.equal(await twin(), 'through');
    });
  }
});

for (const { name, cells } of attacks) {
  describe(name, { concurrency: 24 }, () => {
    for (const { role, protocol, how, ours, twin } of cells) {
      it(`${protocol}, ${role}: ${how}`, async () => {
        assert.deepEqual(await ours(), { kind: 'withstood' });
        const convicted = await twin();
        assert.equal(convicted.kind, 'hit', `the twin is not convicted: ${JSON.stringify(convicted)}`);
      });
    }
  });
}
