/** Certificates that the common authority does not make: a chain of three, and one with an RSA key. */
// oxlint-disable-next-line import/no-unassigned-import -- the decorators of x509 need it before them
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Certificate } from '../../support/certificates.ts';

const elliptic = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: Uint8Array.of(1, 0, 1),
  modulusLength: 2048,
};
const aDay = 24 * 60 * 60 * 1000;

interface Signer {
  readonly name: string;
  readonly keys: { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
}

/** Leaf, intermediate and root, all three of them presented. */
export async function threeCertificates(
  name: string,
): Promise<{ leaf: Certificate; chain: readonly Buffer[]; rootPem: string }> {
  const [root, middle, leaf] = await Promise.all(['Root', 'Middle', name].map((cn) => signer(cn, elliptic)));
  if (root === undefined || middle === undefined || leaf === undefined) throw new Error('three were made');
  const certificates = [
    await sign(leaf, middle, elliptic, [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    ]),
    await sign(middle, root, elliptic, [new x509.BasicConstraintsExtension(true, undefined, true)]),
    await sign(root, root, elliptic, [new x509.BasicConstraintsExtension(true, undefined, true)]),
  ];
  const certPem = certificates.map((one) => `${one.toString('pem')}\n`).join('');
  return {
    leaf: { certPem, keyPem: await keyPemOf(leaf) },
    chain: certificates.map(({ rawData }) => Buffer.from(rawData)),
    rootPem: certificates.at(-1)?.toString('pem') ?? '',
  };
}

/** Self-signed, with a key that can also be used for key exchange. */
export async function withRsaKey(name: string): Promise<Certificate> {
  const own = await signer(name, rsa);
  const certificate = await sign(own, own, rsa, [
    new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
  ]);
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await keyPemOf(own) };
}

async function signer(name: string, algorithm: typeof elliptic | typeof rsa): Promise<Signer> {
  return {
    name: `CN=${name}`,
    keys: await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
  };
}

function sign(
  subject: Signer,
  issuer: Signer,
  signingAlgorithm: typeof elliptic | typeof rsa,
  extensions: x509.Extension[],
): Promise<x509.X509Certificate> {
  x509.cryptoProvider.set(webcrypto);
  return x509.X509CertificateGenerator.create({
    serialNumber: '4a',
    subject: subject.name,
    issuer: issuer.name,
    notBefore: new Date(Date.now() - aDay),
    notAfter: new Date(Date.now() + aDay),
    publicKey: subject.keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm,
    extensions,
  });
}

async function keyPemOf({ keys }: Signer): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}
