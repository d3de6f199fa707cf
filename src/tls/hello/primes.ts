/** Primes of Diffie-Hellman that many servers share: those of RFC 2409 §6, RFC 3526 §2 to §7, RFC 7919 appendix A, and of programs. */
import { createHash, getDiffieHellman } from 'node:crypto';
import { knownPrimes } from './known-primes.ts';

/** By the names that OpenSSL has for them, and what people call them. */
const modp: readonly (readonly [string, string])[] = [
  ['modp1', 'group 1 of RFC 2409'],
  ['modp2', 'group 2 of RFC 2409'],
  ['modp5', 'group 5 of RFC 3526'],
  ['modp14', 'group 14 of RFC 3526'],
  ['modp15', 'group 15 of RFC 3526'],
  ['modp16', 'group 16 of RFC 3526'],
  ['modp17', 'group 17 of RFC 3526'],
  ['modp18', 'group 18 of RFC 3526'],
];

/** RFC 7919 appendix A: bits, and the least number by which the formula has a safe prime. */
const ffdhe: readonly (readonly [number, bigint])[] = [
  [2048, 560_316n],
  [3072, 2_625_351n],
  [4096, 5_736_041n],
  [6144, 15_705_020n],
  [8192, 10_965_728n],
];

let known: ReadonlyMap<string, string> | undefined;

/** @param prime its octets, highest first. @returns what it is called; undefined: many may have it, and we do not know. */
export function primeName(prime: Uint8Array): string | undefined {
  known ??= new Map([
    ...modp.map(([name, called]) => [getDiffieHellman(name).getPrime('hex'), called] as const),
    ...ffdhe.map(
      ([bits, more]) => [ffdhePrime(bits, more).toString(16), `ffdhe${bits} of RFC 7919`] as const,
    ),
  ]);
  const hex = hexOf(prime);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return known.get(hex) ?? knownPrimes.get(createHash('sha256').update(octets).digest('hex'));
}

/** @param prime its octets, highest first. */
export function bitsOf(prime: Uint8Array): number {
  const hex = hexOf(prime);
  const first = Number.parseInt(hex[0] ?? '0', 16);
  return hex === '' ? 0 : (hex.length - 1) * 4 + (32 - Math.clz32(first));
}

/** Without zeros before it. */
function hexOf(prime: Uint8Array): string {
  return Buffer.from(prime).toString('hex').replace(/^0+/, '');
}

/** RFC 7919 appendix A: p = 2^b - 2^(b-64) + (floor(2^(b-130) e) + X) 2^64 - 1. */
function ffdhePrime(bits: number, more: bigint): bigint {
  const b = BigInt(bits);
  return 2n ** b - 2n ** (b - 64n) + (powerOfE(b - 130n) + more) * 2n ** 64n - 1n;
}

/** floor(2^bits e), by the sum of 1/k!, with digits to spare. */
function powerOfE(bits: bigint): bigint {
  const spare = 64n;
  let term = 2n ** (bits + spare);
  let sum = term;
  for (let k = 1n; term > 0n; k += 1n) {
    term /= k;
    sum += term;
  }
  return sum >> spare;
}
