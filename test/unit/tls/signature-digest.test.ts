import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCertificate } from '../../../src/tls/raw-certificate.ts';
import { signatureDigest } from '../../../src/tls/signature-digest.ts';
import { certify, type KeyKind, party, type Signing } from '../../support/chains.ts';

function digestOf(kind: KeyKind, signing: Signing): string {
  const signer = party('x', kind);
  const raw = readCertificate(certify(signer, signer, { signing }));
  return raw.kind === 'ok' ? signatureDigest(raw.value.signatureAlgorithm) : 'unreadable';
}

describe('the digest under a signature', () => {
  for (const [kind, signing, digest] of [
    ['rsa2048', 'md5', 'md5'],
    ['rsa2048', 'sha1', 'sha1'],
    ['rsa2048', 'sha256', 'sha256'],
    ['rsa2048', 'sha384', 'sha384'],
    ['p256', 'sha1', 'sha1'],
    ['p256', 'sha256', 'sha256'],
    ['ed25519', 'sha256', 'other'],
    ['rsa2048', 'pss-sha256', 'other'],
  ] as const) {
    it(`RFC 3279 §2.2, RFC 5758 §3: ${signing} by ${kind}`, () =>
      assert.equal(digestOf(kind, signing), digest));
  }

  it('octets that are no AlgorithmIdentifier', () => {
    for (const octets of [[], [0x30], [0x30, 0], [5, 0]])
      assert.equal(signatureDigest(Uint8Array.from(octets)), 'other');
  });
});
