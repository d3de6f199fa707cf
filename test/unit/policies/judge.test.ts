import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import type { Decision } from '../../../src/policies/decide.ts';
import { judgePeer } from '../../../src/policies/judge.ts';
import type { ChainPath, TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const decision: Decision = {
  requires: 'authenticate',
  tryTls: 'yes',
  provesName: true,
  dane: null,
  by: 'default',
  match: [{ kind: 'name', name: domain('example.net') }],
  because: 'of the test',
};

function facts(chain: readonly Uint8Array[], path: ChainPath): TlsFacts {
  return {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519',
    chain,
    path,
    serverName: null,
  };
}

describe('the judgement of a handshake', () => {
  const certificates = new Map<string, Uint8Array>();
  before(async () => {
    const authority = await createAuthority();
    for (const name of ['example.net', 'mx.example.org', 'evil.test']) {
      const { certPem } = await authority.issue({ names: [name] });
      certificates.set(name, new X509Certificate(certPem).raw);
    }
  });
  const shown = (name: string, path: ChainPath = { kind: 'trusted' }) =>
    judgePeer(facts([certificates.get(name) ?? assert.fail(name)], path), decision, 'mx.example.org', 0)
      .proof;

  it('a trusted certificate for a name that the path could not choose authenticates', () => {
    const proof = shown('example.net');
    assert.equal(proof.kind, 'authenticated');
    assert.equal(proof.kind === 'authenticated' && proof.peerName, 'example.net');
  });

  it('a trusted certificate for an MX name out of unsigned DNS only encrypts, because mx-not-secure', () => {
    const proof = shown('mx.example.org');
    assert.equal(proof.kind, 'encrypted');
    assert.match(proof.because, /^mx-not-secure: /);
  });

  it('a trusted certificate for somebody else only encrypts: certificate-host-mismatch', () => {
    const proof = shown('evil.test');
    assert.equal(proof.kind === 'encrypted' && proof.reason, 'certificate-host-mismatch');
    assert.match(proof.because, /evil\.test/);
  });

  const untrusted = [
    ['CERT_HAS_EXPIRED', 'certificate-expired'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate-not-trusted'],
    ['SOMETHING_NEW', 'validation-failure'],
  ] as const;
  for (const [code, reason] of untrusted) {
    it(`the right name on a certificate that is not valid (${code}) proves nothing: ${reason}`, () => {
      const proof = shown('example.net', { kind: 'untrusted', code });
      assert.equal(proof.kind === 'encrypted' && proof.reason, reason);
      assert.match(proof.because, new RegExp(code));
    });
  }

  it('no certificate proves nothing', () => {
    const proof = judgePeer(facts([], { kind: 'absent' }), decision, 'mx.example.org', 0).proof;
    assert.equal(proof.kind === 'encrypted' && proof.reason, 'validation-failure');
  });

  it('bytes that are no certificate prove nothing', () => {
    const proof = judgePeer(
      facts([Uint8Array.of(1, 2, 3)], { kind: 'trusted' }),
      decision,
      'mx.example.org',
      0,
    ).proof;
    assert.equal(proof.kind, 'encrypted');
  });
});
