/** Keys of zones that tests sign, out of seeds: always the same ones. Ed25519 and Ed448 (RFC 8080). */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { type Rrsig, signedData } from './rrsig.ts';

export interface ZoneKey {
  /** RDATA of its DNSKEY. */
  readonly data: Uint8Array;
  readonly secret: KeyObject;
}

/** What stands before a private key in PKCS #8, and how long it is (RFC 8410 §7). */
const curves = {
  15: { prefix: '302e020100300506032b657004220420', octets: 32 },
  16: { prefix: '3047020100300506032b6571043b0439', octets: 57 },
} as const;

export type KeyAlgorithm = keyof typeof curves;

/** @param flags 256 or 257 (RFC 4034 §2.1.1). */
export function keyOutOf(seed: string | Uint8Array, algorithm: KeyAlgorithm, flags: number): ZoneKey {
  const { prefix, octets } = curves[algorithm];
  const scalar = createHash('shake256', { outputLength: octets }).update(seed).digest();
  const secret = createPrivateKey({
    key: Buffer.concat([Buffer.from(prefix, 'hex'), scalar]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  const head = Uint8Array.of(flags >> 8, flags & 0xff, 3, algorithm);
  return { data: Buffer.concat([head, spki.subarray(spki.length - octets)]), secret };
}

/** The signature of an RRset with these fields. */
export function signatureBy(key: ZoneKey, fields: Rrsig, set: readonly ResourceRecord[]): Uint8Array {
  return sign(null, signedData(fields, set), key.secret);
}

/** A signature that is of the right length and of nothing else. */
export function badSignature(algorithm: KeyAlgorithm): Uint8Array {
  return new Uint8Array(2 * curves[algorithm].octets);
}
