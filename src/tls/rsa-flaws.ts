/** RSA keys that can be computed from the certificate alone, because of how they were made. */
import type { KeyObject } from 'node:crypto';

/** `roca`: CVE-2017-15361, Infineon's library. `close-primes`: CVE-2022-26320 and its like. `small-factor`: no care at all. */
export type RsaFlaw = 'roca' | 'close-primes' | 'small-factor';

/** @returns undefined where nothing is found, or the key is not of RSA. */
export function rsaFlaw(key: KeyObject): RsaFlaw | undefined {
  const modulus = modulusOf(key);
  return modulus === undefined ? undefined : flawOfModulus(modulus);
}

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
  for (let step = 0; step < STEPS; step++, middle += 1n) {
    const square = middle * middle - modulus;
    const half = rootOf(square);
    if (half * half === square) return true;
  }
  return false;
}

/** The whole part of the square root, by Newton's method. */
function rootOf(square: bigint): bigint {
  if (square < 2n) return square;
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
