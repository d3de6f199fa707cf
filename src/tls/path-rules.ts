/**
 * What a certificate has to be to stand in a certification path of a server. RFC 5280 §6.1, as OpenSSL reads it.
 *
 * Revocation and certificate policies are not looked at.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Parsed } from '../names/domain.ts';
import { distinguishedName } from './certificate.ts';
import { type Extensions, keyUsages, readExtensions, SERVER_AUTH } from './extensions.ts';
import type { TlsFailureReason } from './failure.ts';
import { nameOutside } from './name-constraints.ts';
import { onceEach } from './once-each.ts';
import { parseCertificate, publicKeyOf, validityOf } from './openssl.ts';
import { type RawCertificate, readCertificate } from './raw-certificate.ts';
import { weaknessOfKey, weaknessOfSignature } from './strength.ts';

/** A certificate that OpenSSL and we can read. */
export interface PathCertificate {
  readonly der: Uint8Array;
  readonly raw: RawCertificate;
  readonly extensions: Extensions;
  readonly x509: X509Certificate;
  readonly key: KeyObject;
}

/** Why there is no path. */
export interface PathFault {
  readonly reason: TlsFailureReason;
  /** One sentence without its full stop. */
  readonly because: string;
}

const LONGEST_NAME = 100;
const VERSION_1 = 1;

export function untrusted(because: string): PathFault {
  return { reason: 'certificate-not-trusted', because };
}

/** Reads a DER certificate for a path. */
export const openCertificate = onceEach((der: Uint8Array): Parsed<PathCertificate> => {
  const raw = readCertificate(der);
  if (raw.kind !== 'ok') return raw;
  const extensions = readExtensions(raw.value.extensions);
  if (extensions.kind !== 'ok') return extensions;
  const x509 = parseCertificate(der);
  const key = x509 && publicKeyOf(x509);
  if (x509 === undefined || key === undefined)
    return { kind: 'invalid', because: 'OpenSSL cannot read the certificate or its key' };
  return { kind: 'ok', value: { der, raw: raw.value, extensions: extensions.value, x509, key } };
});

/** What is wrong with the server's own certificate. */
export function faultOfLeaf(leaf: PathCertificate, now: number): PathFault | undefined {
  const { digitalSignature, keyEncipherment, keyAgreement } = keyUsages;
  const { keyUsage } = leaf.extensions;
  if (keyUsage !== undefined && (keyUsage & (digitalSignature | keyEncipherment | keyAgreement)) === 0)
    return untrusted(`${nameOf(leaf)} is not for TLS, its key usage says`);
  return faultOfAny(leaf, now);
}

/**
 * What keeps a certificate from vouching for others.
 *
 * @param isAnchor an anchor is trusted because somebody says so, and need not say so itself: it may be a self-signed
 * certificate of version 1, or have nothing but a key usage. RFC 5280 §6.1.1 knows no dates of a trust anchor; OpenSSL looks
 * at those of self-signed ones only, and so do we: servers go on to send a cross-signed authority that has expired.
 */
export function faultOfIssuer(
  issuer: PathCertificate,
  now: number,
  isAnchor: boolean,
): PathFault | undefined {
  const { basicConstraints, keyUsage } = issuer.extensions;
  const signs = keyUsage !== undefined && (keyUsage & keyUsages.keyCertSign) !== 0;
  const isOld = issuer.raw.version === VERSION_1 && isSelfIssued(issuer);
  // "If certificate i is a version 3 certificate, verify that the basicConstraints extension is present and that cA is
  // set to TRUE" (RFC 5280 §6.1.4 (k)).
  const isAuthority = basicConstraints?.ca ?? (isAnchor && (isOld || signs));
  if (!isAuthority || (keyUsage !== undefined && !signs))
    return untrusted(`${nameOf(issuer)} may not vouch for others: it is not the certificate of an authority`);
  return faultOfAny(issuer, isAnchor && !isSelfIssued(issuer) ? undefined : now);
}

/** What is wrong with the signature of a certificate, as far as its kind goes. */
export function faultOfSignature(certificate: PathCertificate): PathFault | undefined {
  const weakness = weaknessOfSignature(certificate.raw.signatureAlgorithm);
  return weakness === undefined ? undefined : untrusted(`${nameOf(certificate)} has ${weakness}`);
}

/** What the certificates of a path demand of those below them. @param path the server's own first. */
export function faultOfPath(path: readonly PathCertificate[]): PathFault | undefined {
  let authorities = 0;
  for (const [at, certificate] of path.entries()) {
    if (at === 0) continue;
    const { basicConstraints, nameConstraints } = certificate.extensions;
    if (authorities > (basicConstraints?.pathLength ?? Infinity))
      return untrusted(`${nameOf(certificate)} allows fewer authorities below it than there are`);
    if (!isSelfIssued(certificate)) authorities += 1;
    if (nameConstraints === undefined) continue;
    for (const [below, named] of path.slice(0, at).entries()) {
      // Self-issued certificates are exempt, unless they are the server's own (RFC 5280 §6.1.4 (b)).
      if (below > 0 && isSelfIssued(named)) continue;
      const fault = nameOutside(named.raw, nameConstraints, below === 0);
      if (fault !== undefined) return untrusted(`${nameOf(named)} ${fault}, ${nameOf(certificate)}`);
    }
  }
  return undefined;
}

/** The subject, short enough for a sentence. */
export function nameOf(certificate: PathCertificate): string {
  const name = distinguishedName(certificate.x509.subject);
  if (name === '') return 'a certificate without a subject';
  return `the certificate of ${name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name}`;
}

/** @param now undefined: its dates do not matter. */
function faultOfAny(certificate: PathCertificate, now: number | undefined): PathFault | undefined {
  const { unknownCritical, purposes } = certificate.extensions;
  if (unknownCritical !== undefined)
    return untrusted(
      `${nameOf(certificate)} has a critical extension that is not known here (${unknownCritical})`,
    );
  if (purposes?.includes(SERVER_AUTH) === false)
    return untrusted(`${nameOf(certificate)} is not for servers, its extended key usage says`);
  const weakness = weaknessOfKey(certificate.key, certificate.raw.spki);
  if (weakness !== undefined) return untrusted(`${nameOf(certificate)} has ${weakness}`);
  return now === undefined ? undefined : faultOfDates(certificate, now);
}

function faultOfDates(certificate: PathCertificate, now: number): PathFault | undefined {
  const { from, to } = validityOf(certificate.x509);
  if (Number.isNaN(from) || Number.isNaN(to))
    return untrusted(`${nameOf(certificate)} has a date that cannot be read`);
  if (now < from)
    return untrusted(
      `${nameOf(certificate)} is not valid before ${certificate.x509.validFromDate.toISOString()}`,
    );
  // It is valid through its last second.
  if (now < to + 1000) return undefined;
  return {
    reason: 'certificate-expired',
    because: `${nameOf(certificate)} expired at ${certificate.x509.validToDate.toISOString()}`,
  };
}

function isSelfIssued({ raw }: PathCertificate): boolean {
  return Buffer.compare(raw.subject, raw.issuer) === 0;
}
