/** Certificates and keys as OpenSSL reads them: what it refuses is data of somebody else's making, not our failure. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readInside } from './der.ts';
import { onceEach } from './once-each.ts';

const SEQUENCE = 0x30;

/** @returns undefined where the octets are no DER certificate, or more than one. */
export const parseCertificate = onceEach(
  (der: Uint8Array): X509Certificate | undefined =>
    // OpenSSL would take PEM too, and does not look behind the end.
    readInside(der, SEQUENCE) && attempt(() => new X509Certificate(der)),
);

/**
 * When the certificate is valid, in milliseconds since 1970; NaN for a date that OpenSSL cannot read.
 *
 * It says so in its text only: the Date that Node makes of such a one is whatever its memory had there before.
 */
export function validityOf(certificate: X509Certificate): { readonly from: number; readonly to: number } {
  const { validFrom, validTo, validFromDate, validToDate } = certificate;
  return {
    from: validFrom.startsWith(UNREADABLE) ? Number.NaN : validFromDate.getTime(),
    to: validTo.startsWith(UNREADABLE) ? Number.NaN : validToDate.getTime(),
  };
}

const UNREADABLE = 'Bad time value';

/** @returns undefined where the key is of a kind that OpenSSL does not know, or is none. */
export function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  return attempt(() => certificate.publicKey);
}

/** @param spki a whole SubjectPublicKeyInfo. @returns undefined where it is none that OpenSSL knows. */
export function parsePublicKey(spki: Uint8Array): KeyObject | undefined {
  return (
    readInside(spki, SEQUENCE) &&
    attempt(() => createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }))
  );
}

/** @returns whether that key has signed the certificate; a key of another kind than the signature has not. */
export function isSignedBy(certificate: X509Certificate, key: KeyObject): boolean {
  return attempt(() => certificate.verify(key)) ?? false;
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
