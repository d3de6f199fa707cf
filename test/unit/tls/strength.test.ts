import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { readCertificate } from '../../../src/tls/raw-certificate.ts';
import { weaknessOfKey, weaknessOfSignature } from '../../../src/tls/strength.ts';
import { certify, type KeyKind, party, type Signing, spkiOf } from '../../support/chains.ts';
import { der } from './forge.ts';

const subject = party('Subject');
const signature = (kind: KeyKind, signing: Signing): string | undefined => {
  const certificate = readCertificate(certify(subject, party('Issuer', kind), { signing }));
  return certificate.kind === 'ok'
    ? weaknessOfSignature(certificate.value.signatureAlgorithm)
    : assert.fail();
};
const key = (kind: KeyKind): string | undefined => {
  const { publicKey } = party('Key', kind);
  return weaknessOfKey(publicKey, spkiOf(party('Key', kind)));
};

describe('weaknessOfSignature', () => {
  const strong: readonly [KeyKind, Signing][] = [
    ['rsa2048', 'sha256'],
    ['rsa2048', 'sha384'],
    ['rsa2048', 'pss-sha256'],
    ['p256', 'sha256'],
    ['p384', 'sha384'],
    ['ed25519', 'sha256'],
  ];
  for (const [kind, signing] of strong)
    it(`${kind} with ${signing} is strong`, () => assert.equal(signature(kind, signing), undefined));

  const weak: readonly [KeyKind, Signing, string][] = [
    ['rsa2048', 'sha1', 'a weak or unknown signature (1.2.840.113549.1.1.5)'],
    ['rsa2048', 'md5', 'a weak or unknown signature (1.2.840.113549.1.1.4)'],
    ['p256', 'sha1', 'a weak or unknown signature (1.2.840.10045.4.1)'],
    ['rsa2048', 'pss-sha1', 'a signature of RSASSA-PSS with a weak digest'],
    ['dsa', 'sha256', 'a weak or unknown signature (2.16.840.1.101.3.4.3.2)'],
  ];
  for (const [kind, signing, why] of weak)
    it(`${kind} with ${signing} is weak`, () => assert.equal(signature(kind, signing), why));

  it('what is no algorithm is weak', () => {
    for (const octets of [Buffer.alloc(0), der(0x30), der(0x30, der(0x06)), Buffer.from('3003', 'hex')])
      assert.match(weaknessOfSignature(octets) ?? '', /weak or unknown/);
  });
});

describe('weaknessOfKey', () => {
  for (const kind of ['rsa2048', 'rsa1024', 'p256', 'p384', 'ed25519'] as const)
    it(`${kind} is strong`, () => assert.equal(key(kind), undefined));

  const weak: readonly [KeyKind, string][] = [
    ['rsa768', 'an RSA key of 768 bits'],
    ['secp112r1', 'a key on the curve secp112r1'],
    ['dsa', 'a key of the type dsa'],
  ];
  for (const [kind, why] of weak) it(`${kind} is weak`, () => assert.equal(key(kind), why));

  it('keys that only cost time are refused', () => {
    const huge = Buffer.alloc(1025, 0xc3);
    huge[0] = 0;
    const rsa = (modulus: Buffer, exponent: Buffer): string | undefined => {
      const parts = der(0x30, der(0x02, modulus), der(0x02, exponent));
      const id = der(0x30, der(0x06, Buffer.from('2a864886f70d010101', 'hex')), der(0x05));
      const spki = der(0x30, id, der(0x03, Buffer.from([0]), parts));
      return weaknessOfKey(createPublicKey({ key: spki, format: 'der', type: 'spki' }), spki);
    };
    const usual = Buffer.from([1, 0, 1]);
    assert.equal(rsa(huge, usual), undefined, '8192 bits');
    assert.equal(rsa(Buffer.concat([huge, Buffer.from([1])]), usual), 'an RSA key of 8200 bits');
    assert.equal(rsa(huge.subarray(0, 257), huge.subarray(0, 200)), 'an RSA key with a huge exponent');
  });

  it('CVE-2020-0601: a curve by parameters of its own is none of the known ones, even where it looks like one', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    assert.equal(weaknessOfKey(publicKey, spki), 'a key on a curve of its own parameters');
  });
});
