/** What a report or an event says about a certificate. */
import { createHash } from 'node:crypto';
import type { Parsed } from '../names/domain.ts';
import { printableName } from './identity.ts';
import { onceEach } from './once-each.ts';
import { parseCertificate, validityOf } from './openssl.ts';
import { readCertificate } from './raw-certificate.ts';

export interface CertificateSummary {
  /** Of the whole certificate, lower-case hex. */
  readonly sha256: string;
  /** Of the SubjectPublicKeyInfo, lower-case hex. */
  readonly spkiSha256: string;
  /** `CN=mx.example.test, O=Example`; for people only, names are never compared with it. */
  readonly subject: string;
  readonly issuer: string;
  /** dNSName entries of the subjectAltName, printable. */
  readonly names: readonly string[];
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const LONGEST_DISTINGUISHED_NAME = 1_000;

/** Summarises a DER certificate. */
export const summarizeCertificate = onceEach((der: Uint8Array): Parsed<CertificateSummary> => {
  const raw = readCertificate(der);
  if (raw.kind !== 'ok') return raw;
  const parsed = parseCertificate(der);
  if (parsed === undefined) {
    return { kind: 'invalid', because: 'OpenSSL cannot read the certificate' };
  }
  const { from: notBefore, to: notAfter } = validityOf(parsed);
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) {
    return { kind: 'invalid', because: 'the certificate has an unreadable date' };
  }
  return {
    kind: 'ok',
    value: {
      sha256: sha256(der),
      spkiSha256: sha256(raw.value.spki),
      subject: distinguishedName(parsed.subject),
      issuer: distinguishedName(parsed.issuer),
      names: raw.value.dnsNames.map(printableName),
      notBefore,
      notAfter,
    },
  };
});

/** A name as people read it. OpenSSL writes one attribute a line, and nothing at all for an empty name. */
export function distinguishedName(lines: string | undefined): string {
  const line = (lines ?? '').slice(0, LONGEST_DISTINGUISHED_NAME).replaceAll('\n', ', ');
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
