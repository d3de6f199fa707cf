/** Checking one signature: the only place where public keys of the DNS are read. For drivers, and for tests. */
import {
  createPublicKey,
  type JsonWebKeyInput,
  type PublicKeyInput,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto';
import type { SignatureCheck } from '../look-ups.ts';
import { u16 } from '../octets.ts';
import { type Scheme, schemeOf } from './algorithms.ts';

/** How signatures of one key are checked: what `verify` of node:crypto takes. */
export interface Verifier {
  /** Null where the algorithm has its own. */
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null;
  readonly key: VerifyKeyObjectInput;
  /** Octets of a signature; those of another length are bad. */
  readonly signatureOctets: number;
  /** About how long one check takes, in microseconds on a server of 2022. */
  readonly costUs: number;
}

/** Verifiers, by algorithm and octets of the key: making one costs about as much as a check. */
const known = new Map<string, Verifier | undefined>();
const MOST_KNOWN = 2000;

/** @returns whether the signature is good; a key or a signature that is malformed is not. Never throws. */
export function verifySignature({ algorithm, publicKey, data, signature }: SignatureCheck): boolean {
  const name = `${algorithm} ${latin1(publicKey)}`;
  let verifier = known.get(name);
  if (verifier === undefined && !known.has(name)) {
    verifier = verifierOf(algorithm, publicKey);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, verifier);
  }
  if (verifier === undefined || signature.length !== verifier.signatureOctets) return false;
  return verify(verifier.hash, data, verifier.key, signature);
}

/**
 * Reads the Public Key field of a DNSKEY.
 *
 * @returns undefined where it is malformed, beyond the bounds, or of an algorithm that is not checked here.
 */
export function verifierOf(algorithm: number, publicKey: Uint8Array): Verifier | undefined {
  const scheme = schemeOf(algorithm);
  switch (scheme?.kind) {
    case undefined:
      return undefined;
    case 'rsa':
      return rsaVerifier(scheme.hash, scheme.leastBits, publicKey);
    case 'ecdsa':
    case 'eddsa':
      return curveVerifier(scheme, publicKey);
  }
}

/**
 * What stands before the octets of a key in its SubjectPublicKeyInfo (RFC 5480 §2, RFC 8410 §4); of a point also the octet
 * that says that it is not compressed. A key out of this takes 15 µs, out of a JWK 36.
 */
const heads = {
  'P-256': Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
  'P-384': Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'),
  Ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  Ed448: Buffer.from('3043300506032b6571033a00', 'hex'),
};

const costsUs = { 'P-256': 70, 'P-384': 700, Ed25519: 100, Ed448: 150 };

/**
 * RFC 6605 §4: the key is the uncompressed point, x | y, without the octet before it, and the signature r | s. RFC 8080
 * §3 and §4: both are strings of octets.
 */
function curveVerifier(
  scheme: Exclude<Scheme, { kind: 'rsa' }>,
  publicKey: Uint8Array,
): Verifier | undefined {
  const { curve, octets } = scheme;
  if (publicKey.length !== (scheme.kind === 'ecdsa' ? 2 * octets : octets)) return undefined;
  const key = keyFrom({ key: Buffer.concat([heads[curve], publicKey]), format: 'der', type: 'spki' });
  if (key === undefined) return undefined;
  return {
    hash: scheme.kind === 'ecdsa' ? scheme.hash : null,
    key: { key, dsaEncoding: 'ieee-p1363' },
    signatureOctets: 2 * octets,
    costUs: costsUs[curve],
  };
}

/** Larger moduli are refused: RFC 3110 §2 ends there, and checking costs more with each bit. */
const MOST_RSA_BITS = 4096;
/** Longer exponents make checking as dear as signing; nobody has one of more than 33 bits. */
const MOST_EXPONENT_OCTETS = 8;

/** RFC 3110 §2: the length of the exponent in one octet, or in two behind a zero; the exponent; the modulus. */
function rsaVerifier(
  hash: 'sha1' | 'sha256' | 'sha512',
  leastBits: number,
  publicKey: Uint8Array,
): Verifier | undefined {
  const long = publicKey[0] === 0;
  const from = long ? 3 : 1;
  const to = from + (long ? u16(publicKey, 1) : (publicKey[0] ?? 0));
  const exponent = publicKey.subarray(from, to);
  const modulus = publicKey.subarray(to);
  const [first = 0] = modulus;
  const bits = modulus.length * 8 - (Math.clz32(first) - 24);
  // "Leading zero octets are prohibited in the exponent and modulus." An even or no exponent is none of RSA's.
  if (to > publicKey.length || first === 0 || exponent[0] === 0) return undefined;
  if (bits < leastBits || bits > MOST_RSA_BITS || exponent.length > MOST_EXPONENT_OCTETS) return undefined;
  const last = exponent.at(-1) ?? 0;
  if (last % 2 === 0 || (exponent.length === 1 && last === 1)) return undefined;
  const jwk = { kty: 'RSA', n: base64Url(modulus), e: base64Url(exponent) };
  const key = keyFrom({ key: jwk, format: 'jwk' });
  if (key === undefined) return undefined;
  // 2048 bits with the exponent 65537 take 22 µs; work grows with the square of the one and the length of the other.
  const costUs = 22 * (bits / 2048) ** 2 * Math.max(1, exponent.length / 3);
  return { hash, key: { key }, signatureOctets: modulus.length, costUs };
}

function keyFrom(key: PublicKeyInput | JsonWebKeyInput): VerifyKeyObjectInput['key'] | undefined {
  try {
    return createPublicKey(key);
  } catch {
    // A point that is not on its curve: the key is malformed, and says nothing else.
    return undefined;
  }
}

function base64Url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url');
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}
