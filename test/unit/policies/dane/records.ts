/** Domains, and the TLSA records of certificates and keys that they would publish. */
import { createHash } from 'node:crypto';
import { type Domain, parseDomain } from '../../../../src/names/domain.ts';
import { readTlsaSet, type TlsaSet } from '../../../../src/policies/dane/tlsa.ts';
import { readPublicKeyInfo } from '../../../../src/tls/raw-certificate.ts';

/** RDATA of a record that is for the certificate. */
export function tlsaFor(
  usage: number,
  selector: number,
  matchingType: number,
  certificate: Uint8Array,
): Buffer {
  const octets = selector === 1 ? (readPublicKeyInfo(certificate) ?? Buffer.alloc(0)) : certificate;
  return tlsa(usage, selector, matchingType, matchingType === 0 ? octets : digest(matchingType, octets));
}

/** RDATA of any record. */
export function tlsa(usage: number, selector: number, matchingType: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([usage, selector, matchingType]), data]);
}

export function setOf(...records: readonly Uint8Array[]): TlsaSet {
  return readTlsaSet(records);
}

export function digest(matchingType: number, octets: Uint8Array): Buffer {
  return createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(octets)
    .digest();
}

export function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}
