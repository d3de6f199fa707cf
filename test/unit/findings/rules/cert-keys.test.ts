import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  aDay,
  authority,
  type CertificateSpec,
  certify,
  type Party,
  party,
  server,
} from '../../../support/chains.ts';
import { chainFor, HOST, issuerOf, now, only, statesOf } from '../../../support/observations.ts';
import { close, roca } from '../../tls/weak-moduli.ts';
import { type Findings, found } from './certificates.ts';

describe('keys and signatures', () => {
  const withKey = (subject: Party, spec: CertificateSpec = {}): Findings =>
    found([
      certify(subject, party('Issuing Authority'), {
        notAfter: now + 60 * aDay,
        extensions: server(HOST),
        ...spec,
      }),
      issuerOf(),
    ]);
  const rsa = (publicExponent: number): Party => ({
    cn: 'x',
    ...generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent }),
  });
  const ofModulus = (modulus: bigint): Party => {
    const n = Buffer.from(modulus.toString(16).padStart(512, '0'), 'hex').toString('base64url');
    return {
      ...party('x', 'rsa2048'),
      publicKey: createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' }),
    };
  };

  it('RSA below 2048 bits', () => {
    for (const kind of ['rsa1024', 'rsa768'] as const) {
      const [finding] = only(withKey(party('x', kind)), 'cert.key.rsa-short');
      assert.deepEqual([finding?.state, finding?.severity], ['fail', 'critical'], kind);
    }
    assert.equal(statesOf(withKey(party('x', 'rsa2048')), 'cert.key.rsa-short'), 'pass');
    assert.equal(statesOf(found(chainFor()), 'cert.key.rsa-short'), '');
  });

  it('a small exponent', () => {
    assert.equal(statesOf(withKey(rsa(3)), 'cert.key.exponent'), 'fail');
    assert.equal(statesOf(withKey(rsa(65_537)), 'cert.key.exponent'), 'pass');
  });

  it('keys that can be computed (CVE-2017-15361, CVE-2022-26320)', () => {
    for (const modulus of [roca, close]) {
      const [finding] = only(withKey(ofModulus(modulus)), 'cert.key.known-compromised');
      assert.deepEqual([finding?.state, finding?.severity], ['fail', 'critical']);
    }
    assert.equal(statesOf(withKey(party('x', 'rsa2048')), 'cert.key.known-compromised'), 'pass');
  });

  it('curves that are too small, kinds that are not for servers', () => {
    for (const kind of ['secp112r1', 'dsa'] as const)
      assert.equal(statesOf(withKey(party('x', kind)), 'cert.key.ec-weak'), 'fail', kind);
    for (const kind of ['p256', 'p384', 'ed25519'] as const)
      assert.equal(statesOf(withKey(party('x', kind)), 'cert.key.ec-weak'), 'pass', kind);
  });

  it('MD5 and SHA-1 in what others have signed, the authorities included', () => {
    const signer = party('Old Authority', 'rsa2048');
    const issue = (signing: 'md5' | 'sha1'): Findings =>
      found([certify(party('x'), signer, { signing, extensions: server(HOST) })]);
    const [md5] = only(issue('md5'), 'cert.sig.md5');
    assert.deepEqual([md5?.state, md5?.severity], ['fail', 'critical']);
    const [sha1] = only(issue('sha1'), 'cert.sig.sha1');
    assert.deepEqual([sha1?.state, sha1?.severity], ['fail', 'high']);
    const above = certify(party('Issuing Authority'), signer, { signing: 'sha1', extensions: authority });
    assert.equal(statesOf(found([...chainFor().slice(0, 1), above]), 'cert.sig.sha1'), 'fail');
    // The signature of a root by itself proves nothing, and nobody looks at it.
    const root = certify(signer, signer, { signing: 'sha1', extensions: authority });
    assert.equal(statesOf(found([...chainFor(), root]), 'cert.sig.sha1'), 'pass');
    // SHA-224 in place of SHA-256, by its object identifier: whether a signature fits is no matter here.
    const hex = certify(party('x'), signer, { extensions: server(HOST) }).toString('hex');
    const [sha224] = only(
      found([Buffer.from(hex.replaceAll('2a864886f70d01010b', '2a864886f70d01010e'), 'hex')]),
      'cert.sig.sha224',
    );
    assert.deepEqual([sha224?.state, sha224?.severity], ['fail', 'low']);
    for (const id of ['cert.sig.md5', 'cert.sig.sha1', 'cert.sig.sha224'])
      assert.equal(statesOf(found(chainFor()), id), 'pass');
  });
});
