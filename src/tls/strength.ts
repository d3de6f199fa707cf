/**
 * Which signatures and keys are strong enough to prove something: those of OpenSSL's security level 1 and above.
 *
 * That is the level at which Postfix and Exim authenticate servers: 80 bits, hence no MD5, no SHA-1, and RSA from 1024
 * bits on. What is not known to be strong counts as weak.
 */
import type { KeyObject } from 'node:crypto';
import { readElements, readInside } from './der.ts';
import { showIdentifier } from './extensions.ts';

const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const LEAST_RSA_BITS = 1024;
/** Larger ones only cost time to whoever checks them. */
const MOST_RSA_BITS = 8192;
const LARGEST_EXPONENT = 2n ** 32n;

const strongSignatures: ReadonlySet<string> = new Set([
  // RSA with SHA-224, 256, 384, 512.
  ...['0e', '0b', '0c', '0d'].map((last) => `2a864886f70d0101${last}`),
  // ECDSA with SHA-224, 256, 384, 512.
  ...['01', '02', '03', '04'].map((last) => `2a8648ce3d0403${last}`),
  // Ed25519, Ed448.
  '2b6570',
  '2b6571',
  // ML-DSA-44, 65, 87.
  ...['11', '12', '13'].map((last) => `6086480165030403${last}`),
]);

const RSASSA_PSS = '2a864886f70d01010a';
/** SHA-256, 384, 512, 224. */
const strongDigests: ReadonlySet<string> = new Set(
  ['01', '02', '03', '04'].map((last) => `6086480165030402${last}`),
);

const strongCurves: ReadonlySet<string> = new Set([
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'secp224r1',
  'secp256k1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]);

const strongKeys: ReadonlySet<string> = new Set(['ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87']);

/** @param algorithm the AlgorithmIdentifier of a signature. @returns what is wrong with it; undefined: nothing. */
export function weaknessOfSignature(algorithm: Uint8Array): string | undefined {
  const [id, parameters] = readInside(algorithm, SEQUENCE) ?? [];
  const identifier = Buffer.from(id?.content ?? []).toString('hex');
  if (strongSignatures.has(identifier)) return undefined;
  if (identifier === RSASSA_PSS) {
    return strongDigests.has(digestOfPss(parameters?.whole ?? new Uint8Array()))
      ? undefined
      : 'a signature of RSASSA-PSS with a weak digest';
  }
  return `a weak or unknown signature (${showIdentifier(identifier)})`;
}

/**
 * @param spki the SubjectPublicKeyInfo that the key was read from.
 * @returns what is wrong with the key; undefined: nothing.
 */
export function weaknessOfKey(key: KeyObject, spki: Uint8Array): string | undefined {
  const type = key.asymmetricKeyType ?? 'secret';
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (type === 'rsa' || type === 'rsa-pss') {
    if (publicExponent > LARGEST_EXPONENT) return 'an RSA key with a huge exponent';
    return modulusLength < LEAST_RSA_BITS || modulusLength > MOST_RSA_BITS
      ? `an RSA key of ${modulusLength} bits`
      : undefined;
  }
  if (type === 'ec') {
    // Parameters of one's own can make a curve look like a known one (CVE-2020-0601).
    if (!namesCurve(spki)) return 'a key on a curve of its own parameters';
    return strongCurves.has(namedCurve) ? undefined : `a key on the curve ${namedCurve}`;
  }
  return strongKeys.has(type) ? undefined : `a key of the type ${type}`;
}

function namesCurve(spki: Uint8Array): boolean {
  const [algorithm] = readInside(spki, SEQUENCE) ?? [];
  const [, parameters] = algorithm === undefined ? [] : (readElements(algorithm.content) ?? []);
  return parameters?.tag === OBJECT_IDENTIFIER;
}

/** The digest of RSASSA-PSS; nothing where it is not said, which means SHA-1. */
function digestOfPss(parameters: Uint8Array): string {
  const hash = readInside(parameters, SEQUENCE)?.find(({ tag }) => tag === 0xa0);
  const [algorithm] = hash === undefined ? [] : (readElements(hash.content) ?? []);
  const [id] = algorithm === undefined ? [] : (readElements(algorithm.content) ?? []);
  return Buffer.from(id?.content ?? []).toString('hex');
}
