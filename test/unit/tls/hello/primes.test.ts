import assert from 'node:assert/strict';
import { checkPrimeSync, getDiffieHellman } from 'node:crypto';
import { describe, it } from 'node:test';
import { bitsOf, primeName } from '../../../../src/tls/hello/primes.ts';

/** The first and last digits that RFC 7919 appendix A prints; what is between them is what the formula gives. */
const printed = [
  [2048, 'ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1', '886b423861285c97ffffffffffffffff'],
  [3072, 'ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1', '25e41d2b66c62e37ffffffffffffffff'],
] as const;

describe('primes that many servers share', () => {
  for (const [name, called, bits] of [
    ['modp1', 'group 1 of RFC 2409', 768],
    ['modp2', 'group 2 of RFC 2409', 1024],
    ['modp14', 'group 14 of RFC 3526', 2048],
  ] as const) {
    it(called, () => {
      const prime = getDiffieHellman(name).getPrime();
      assert.deepEqual([primeName(prime), bitsOf(prime)], [called, bits]);
      // Zeros before it are another way to write it.
      assert.equal(primeName(Buffer.concat([Buffer.alloc(2), prime])), called);
      prime[40] = (prime[40] ?? 0) ^ 1;
      assert.equal(primeName(prime), undefined);
    });
  }

  for (const [bits, first, last] of printed) {
    it(`RFC 7919 appendix A: ffdhe${bits}, and it is a safe prime`, () => {
      const prime = ffdhe(bits, first, last);
      assert.equal(primeName(prime), `ffdhe${bits} of RFC 7919`);
      const p = BigInt(`0x${prime.toString('hex')}`);
      assert.ok(checkPrimeSync(p, { checks: 1 }) && checkPrimeSync((p - 1n) / 2n, { checks: 1 }));
    });
  }
});

it('bits of a number', () => {
  assert.deepEqual(
    ['', '00', '01', '0080', 'ff', '0100'].map((hex) => bitsOf(Buffer.from(hex, 'hex'))),
    [0, 0, 1, 8, 8, 9],
  );
});

/** By the formula of RFC 7919 appendix A, with e in another way: 1 + (1 + (1 + …)/2)/1. */
function ffdhe(bits: 2048 | 3072, first: string, last: string): Buffer {
  const more = { 2048: 560_316n, 3072: 2_625_351n } as const;
  const b = BigInt(bits);
  let e = 2n ** b;
  for (let k = 600n; k > 0n; k -= 1n) e = 2n ** b + e / k;
  const p = 2n ** b - 2n ** (b - 64n) + ((e >> 130n) + more[bits]) * 2n ** 64n - 1n;
  const hex = p.toString(16);
  assert.ok(hex.startsWith(first), hex.slice(0, 60));
  assert.ok(hex.endsWith(last), hex.slice(-60));
  return Buffer.from(hex, 'hex');
}
