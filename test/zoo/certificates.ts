/** Certificates of every kind that a mail server is found with, from an authority that the tests trust or from nobody. */

import { generateKeyPairSync } from 'node:crypto';
import type { Certificate } from '../support/certificates.ts';
import {
  aDay,
  basicConstraints,
  type CertificateSpec,
  certify,
  distinguishedName,
  extendedKeyUsage,
  hostNames,
  type KeyKind,
  keyUsage,
  authority as ofAnAuthority,
  type Party,
  party,
  pemOf,
  server,
} from '../support/chains.ts';
import { der, extension } from '../unit/tls/forge.ts';

/** What is wrong with a certificate; `good`: nothing. */
export const certificateKinds = [
  'good',
  'good-rsa',
  'expired',
  'not-yet-valid',
  'expiring',
  'self-signed',
  'untrusted',
  'wrong-name',
  'wrong-name-rsa',
  'incomplete',
  'unordered',
  'with-root',
  'rsa-1024',
  'sha1',
  'wildcard',
  'cn-only',
  'for-clients',
  'authority',
  'long-lived',
  'chain-expired',
  'md5',
  'key-usage',
  'exponent',
] as const;
export type CertificateKind = (typeof certificateKinds)[number];

const root = party('Zoo Root');
const intermediate = party('Zoo Issuing Authority');
/** Whose signatures nobody checks: only that of a server with MD5 is looked at. */
const rsaSigner = party('Zoo Issuing Authority', 'rsa2048');
const stranger = party('Nobody Knows This Root');
const aYear = 365 * aDay;

function ofAuthority(subject: Party, issuer: Party, serial: number): Buffer {
  const now = Date.now();
  return certify(subject, issuer, {
    serial,
    notBefore: now - aYear,
    notAfter: now + 5 * aYear,
    extensions: ofAnAuthority,
  });
}

/** Of the same key, and past. */
const expiredCertificate = certify(intermediate, root, {
  serial: 4,
  notBefore: Date.now() - 2 * aYear,
  notAfter: Date.now() - 20 * aDay,
  extensions: ofAnAuthority,
});

const rootCertificate = ofAuthority(root, root, 1);
const intermediateCertificate = ofAuthority(intermediate, root, 2);

/** PEM of the root that leads to all certificates but those of strangers. */
export const zooRoot: string = pemOf(rootCertificate);

/** DER of the authority that signs them. */
export const zooIssuer: Buffer = intermediateCertificate;

let serial = 1000;

/** Makes one for a host, the chain that is presented with it behind it. */
export function zooCertificate(kind: CertificateKind, host: string): Certificate {
  const name = kind.startsWith('wrong-name') ? 'another.example.net' : host;
  const subject = kind === 'exponent' ? weakParty(host) : party(host, keyOf(kind), `${host} ${kind}`);
  const chain = chainOf(kind, subject, name);
  return {
    certPem: chain.map(pemOf).join(''),
    keyPem: subject.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** Of one key in a run, as a server and its TLSA records have to have the same. */
const weakKey = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });

function weakParty(cn: string): Party {
  return { cn, ...weakKey };
}

function keyOf(kind: CertificateKind): KeyKind {
  if (kind === 'rsa-1024') return 'rsa1024';
  return kind.endsWith('-rsa') || kind === 'sha1' || kind === 'md5' ? 'rsa2048' : 'p256';
}

function chainOf(kind: CertificateKind, subject: Party, name: string): readonly Buffer[] {
  const leaf = leafOf(kind, subject, name);
  switch (kind) {
    case 'self-signed':
    case 'incomplete':
      return [leaf];
    case 'untrusted':
      return [leaf, ofAuthority(stranger, stranger, 3)];
    case 'unordered':
      return [leaf, rootCertificate, intermediateCertificate];
    case 'chain-expired':
      return [leaf, expiredCertificate];
    case 'with-root':
      return [leaf, intermediateCertificate, rootCertificate];
    default:
      return [leaf, intermediateCertificate];
  }
}

function leafOf(kind: CertificateKind, subject: Party, name: string): Buffer {
  const issuer = kind === 'self-signed' ? subject : kind === 'untrusted' ? stranger : intermediate;
  serial += 1;
  return certify(subject, issuer, { serial, ...validity(kind), ...contentOf(kind, name) });
}

/** 90 days, 30 of which are over, as most certificates of today are found. */
function validity(kind: CertificateKind): Pick<CertificateSpec, 'notBefore' | 'notAfter'> {
  const now = Date.now();
  switch (kind) {
    case 'expired':
      return { notBefore: now - 100 * aDay, notAfter: now - 10 * aDay };
    case 'not-yet-valid':
      return { notBefore: now + 5 * aDay, notAfter: now + 95 * aDay };
    case 'expiring':
      return { notBefore: now - 88 * aDay, notAfter: now + 2 * aDay };
    case 'long-lived':
      return { notBefore: now - 30 * aDay, notAfter: now + 3 * aYear };
    default:
      return { notBefore: now - 30 * aDay, notAfter: now + 60 * aDay };
  }
}

function contentOf(kind: CertificateKind, name: string): CertificateSpec {
  switch (kind) {
    case 'sha1':
      return { signing: 'sha1', extensions: server(name) };
    case 'md5':
      return { signing: 'md5', signedBy: rsaSigner, extensions: server(name) };
    case 'key-usage':
      return { extensions: [basicConstraints(false), keyUsage(0x20), extendedKeyUsage(1), hostNames(name)] };
    case 'wildcard':
      return { extensions: server(name.replace(/^[^.]*/, '*')) };
    case 'cn-only':
      return {
        subject: distinguishedName(name),
        extensions: [basicConstraints(false), keyUsage(0x80), extendedKeyUsage(1)],
      };
    case 'for-clients':
      return {
        extensions: [basicConstraints(false), keyUsage(0x80), extendedKeyUsage(2), hostNames(name)],
      };
    case 'authority':
      return { extensions: [basicConstraints(true), keyUsage(0x84), extendedKeyUsage(1), hostNames(name)] };
    case 'incomplete':
      return { extensions: [...server(name), issuerAt('http://ca.example.net/issuer.cer')] };
    default:
      return { extensions: server(name) };
  }
}

/** Authority Information Access: where the certificate of the issuer lies (RFC 5280 §4.2.2.1). */
function issuerAt(address: string): Buffer {
  const caIssuers = der(0x06, Buffer.from([0x2b, 6, 1, 5, 5, 7, 48, 2]));
  const place = der(0x86, Buffer.from(address, 'latin1'));
  return extension([0x2b, 6, 1, 5, 5, 7, 1, 1], der(0x30, der(0x30, caIssuers, place)));
}
