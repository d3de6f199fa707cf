import assert from 'node:assert/strict';
import { it } from 'node:test';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';

/** Counts 0, 1, 2 … over all draws. */
function counting(): { readonly random: (octets: number) => Uint8Array; readonly draws: Uint8Array[] } {
  let next = 0;
  const draws: Uint8Array[] = [];
  const random = (octets: number): Uint8Array => {
    const draw = Uint8Array.from({ length: octets }, () => next++ & 0xff);
    draws.push(draw);
    return draw;
  };
  return { random, draws };
}

it('each octet of the source is given once, in its order, over the end of a draw', () => {
  const { random, draws } = counting();
  const entropy = entropyFrom(random);
  const first = Array.from({ length: 5_000 }, () => entropy.octet());
  assert.deepEqual(
    first,
    Array.from({ length: 5_000 }, (_, index) => index & 0xff),
  );
  assert.ok(draws.length < 5, `${draws.length} draws`);
  assert.deepEqual([...entropy.octets(3)], [5_000 & 0xff, 5_001 & 0xff, 5_002 & 0xff]);
});

it('16 bits are two octets: all of 0 to 65535 can come', () => {
  assert.equal(entropyFrom(() => Buffer.alloc(64, 0xff)).uint16(), 65_535);
  assert.equal(entropyFrom(() => Buffer.alloc(64, 0)).uint16(), 0);
  assert.equal(entropyFrom(() => Buffer.of(0x12, 0x34)).uint16(), 0x1234);
});

it('a source that gives nothing is no source', () => {
  assert.throws(() => entropyFrom(() => new Uint8Array()).octet(), /gave nothing/);
});
