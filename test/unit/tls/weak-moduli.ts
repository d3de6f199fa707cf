/** Moduli of RSA keys that were made carelessly; made here by the same mistakes. */
import { checkPrimeSync } from 'node:crypto';

const smallPrimes = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
  107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const product = smallPrimes.reduce((all, prime) => all * BigInt(prime), 1n);

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (
    let left = exponent, square = base % modulus;
    left > 0n;
    left >>= 1n, square = (square * square) % modulus
  )
    if ((left & 1n) === 1n) result = (result * square) % modulus;
  return result;
}

/** A prime of the form k * product + (65537 ** a mod product), as the library of Infineon makes them. */
function infineonPrime(exponent: bigint, bits: bigint): bigint {
  const rest = power(65_537n, exponent, product);
  for (let k = (1n << bits) / product; ; k += 1n) {
    const candidate = k * product + rest;
    if (checkPrimeSync(candidate)) return candidate;
  }
}

function primeFrom(start: bigint): bigint {
  for (let candidate = start | 1n; ; candidate += 2n) if (checkPrimeSync(candidate)) return candidate;
}

/** CVE-2017-15361, of 1024 bits at least. */
export const roca = infineonPrime(123_456_789n, 1023n) * infineonPrime(987_654_321n, 1023n);

const first = primeFrom((1n << 1023n) + 12_345n);
/** CVE-2022-26320: the second prime is the next one. */
export const close = first * primeFrom(first + 2n);

/** Two primes that have nothing to do with each other, and are of very different size. */
export const sound = primeFrom((1n << 1023n) + 99_999n) * primeFrom((1n << 1021n) * 7n + 1_234_567n);
