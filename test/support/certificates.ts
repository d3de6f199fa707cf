/** A private certification authority for tests, and every kind of certificate a server may show. */
// oxlint-disable-next-line import/no-unassigned-import -- the decorators of x509 need it before them
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** DNS names and IP addresses of the subjectAltName; none = no such extension. */
  readonly names: readonly string[];
  /** The subject's common name; by default the first name. */
  readonly cn?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Signed with its own key, so that no authority vouches for it. */
  readonly selfSigned?: boolean;
}

/** An authority that a test may tell a program to trust; its own certificate and key make it again later. */
export interface Authority extends Certificate {
  issue(options: CertificateOptions): Promise<Certificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const aDay = 24 * 3600 * 1000;

/** Makes an authority; two of them share nothing, not even where their names are the same. */
export async function createAuthority(cn = 'Test Authority'): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await newKeys();
  const now = Date.now();
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [cn] }],
    notBefore: new Date(now - aDay),
    notAfter: new Date(now + 3650 * aDay),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const keyPem = await privatePem(keys.privateKey);
  return authorityOf({ certPem: `${own.toString('pem')}\n`, keyPem }, own, keys.privateKey);
}

/** The authority that had this certificate and key before. */
export async function reopenAuthority(kept: Certificate): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  const der = Buffer.from(kept.keyPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
  return authorityOf(kept, new x509.X509Certificate(kept.certPem), key);
}

async function authorityOf(
  kept: Certificate,
  own: x509.X509Certificate,
  privateKey: CryptoKey,
): Promise<Authority> {
  const issuer = { name: own.subjectName, keys: { privateKey, publicKey: await own.publicKey.export() } };
  return { ...kept, issue: (options) => issue(issuer, options) };
}

interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

interface Issuer {
  readonly name: x509.Name;
  readonly keys: KeyPair;
}

async function issue(issuer: Issuer, options: CertificateOptions): Promise<Certificate> {
  const keys = await newKeys();
  const subject = new x509.Name([{ CN: [options.cn ?? options.names[0] ?? 'nameless.test'] }]);
  const signer = options.selfSigned === true ? { name: subject, keys } : issuer;
  const alternatives = options.names.map(
    (value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const,
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: signer.name,
    notBefore: options.notBefore ?? new Date(Date.now() - aDay),
    notAfter: options.notAfter ?? new Date(Date.now() + 90 * aDay),
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.keys.publicKey),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
    ],
  });
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await privatePem(keys.privateKey) };
}

function newKeys(): Promise<KeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function serialNumber(): string {
  // Positive and without a leading zero byte, as DER wants it.
  return `4${randomBytes(8).toString('hex').slice(1)}`;
}

async function privatePem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}
