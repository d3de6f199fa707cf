/** RSA keys that can be computed from the certificate alone, because of how they were made. */
import type { KeyObject } from 'node:crypto';
import { onceEach } from './once-each.ts';

/** `roca`: CVE-2017-15361, Infineon's library. `close-primes`: CVE-2022-26320 and its like. `small-factor`: no care at all. */
export type RsaFlaw = 'roca' | 'close-primes' | 'small-factor';

/** @returns undefined where nothing is found, or the key is not of RSA. */
export const rsaFlaw = onceEach((key: KeyObject): RsaFlaw | undefined => {
  const modulus = modulusOf(key);
  return modulus === undefined ? undefined : flawOfModulus(modulus);
});

/** Keys above this are refused by everybody, and only cost time here. */
const MOST_BITS = 8192;

function modulusOf(key: KeyObject): bigint | undefined {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa' || modulusLength > MOST_BITS) return undefined;
  const { n } = key.export({ format: 'jwk' });
  return n === undefined ? undefined : BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
}

export function flawOfModulus(modulus: bigint): RsaFlaw | undefined {
  if (SMALL_PRIMES.some((prime) => modulus % BigInt(prime) === 0n)) return 'small-factor';
  if (isOfInfineon(modulus)) return 'roca';
  return hasClosePrimes(modulus) ? 'close-primes' : undefined;
}

function primesBelow(limit: number): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

const SMALL_PRIMES = primesBelow(2_000);

/** The generator of the primes of that library: each of them is a power of this, modulo a product of small primes. */
const GENERATOR = 65_537;

/**
 * For each small prime the rests that powers of the generator have; so has every modulus of that library, and another one
 * has them all only by chance: 1 in about 2^154 for these 38 primes.
 */
const powers: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  SMALL_PRIMES.filter((prime) => prime > 2 && prime <= 167).map((prime) => [prime, powersModulo(prime)]),
);

function powersModulo(prime: number): ReadonlySet<number> {
  const rests = new Set<number>();
  for (let rest = 1; !rests.has(rest); rest = (rest * GENERATOR) % prime) rests.add(rest);
  return rests;
}

/** Nemec and others, "The Return of Coppersmith's Attack" (2017), §2. */
function isOfInfineon(modulus: bigint): boolean {
  return powers.entries().every(([prime, rests]) => rests.has(Number(modulus % BigInt(prime))));
}

/** Steps of Fermat's method; one is enough for the keys that were found in the wild. */
const STEPS = 100;

/** Whether the modulus is a product of two primes that lie close together. */
function hasClosePrimes(modulus: bigint): boolean {
  let middle = rootOf(modulus);
  if (middle * middle < modulus) middle += 1n;
  let square = middle * middle - modulus;
  for (let step = 0; step < STEPS; step++) {
    if (mayBeSquare(square) && rootOf(square) ** 2n === square) return true;
    // (m + 1)² - m² = 2m + 1
    square += 2n * middle + 1n;
    middle += 1n;
  }
  return false;
}

/** Moduli for which few rests are those of squares; no two have a factor in common. */
const SIEVES = [64, 63, 65, 11].map((modulus) => ({
  modulus: BigInt(modulus),
  rests: new Set(Array.from({ length: modulus }, (_, root) => (root * root) % modulus)),
}));

/** Whether it is no square for sure: all but one in a hundred are told so, without taking a root of a thousand bits. */
function mayBeSquare(number: bigint): boolean {
  return SIEVES.every(({ modulus, rests }) => rests.has(Number(number % modulus)));
}

/** Bits of which a number in floating point has the root exactly enough to begin with. */
const FLOATING_BITS = 1_000;

/** A number that is not below the root, and not far above. */
function aboveRootOf(square: bigint, bits: number): bigint {
  const shift = Math.max(0, Math.ceil((bits - FLOATING_BITS) / 2));
  const head = Math.sqrt(Number(square >> BigInt(2 * shift)));
  // 2 ** -40 of it more than covers what is lost in rounding, and what was shifted away.
  return (BigInt(Math.ceil(head * (1 + 2 ** -40))) + 1n) << BigInt(shift);
}

/** The whole part of the square root, by Newton's method, which comes down to it from above. */
function rootOf(square: bigint): bigint {
  if (square < 2n) return square;
  let root = aboveRootOf(square, 4 * square.toString(16).length);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
