import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signatureSchemeName, signatureSchemes } from '../../../../src/tls/hello/signature-schemes.ts';

describe('signature schemes', () => {
  it('no two have one name', () => {
    assert.equal(new Set([...signatureSchemes.values()].map(({ name }) => name)).size, signatureSchemes.size);
  });

  it('RFC 8446 §4.2.3: in TLS 1.2 the first octet is the hash, the second the signature', () => {
    const hashes = ['', 'md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
    const keys = ['', 'rsa', 'dsa', 'ecdsa'];
    const pairs = [...signatureSchemes.values()].filter(({ code }) => code < 0x0700);
    assert.equal(pairs.length, 18);
    for (const { code, hash, key } of pairs)
      assert.deepEqual([hashes[code >> 8], keys[code & 0xff]], [hash, key]);
  });

  it('are named, with a number or without', () => {
    assert.equal(signatureSchemeName(0x0804), 'rsa_pss_rsae_sha256');
    assert.equal(signatureSchemeName(0x0807), 'ed25519');
    assert.equal(signatureSchemeName(0x0a0a), '0x0a0a');
  });
});
