import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { readTlsaSet } from '../../../src/policies/dane/tlsa.ts';
import type { Decision } from '../../../src/policies/decide.ts';
import { type Judgement, judgePeer } from '../../../src/policies/judge.ts';
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
    alpn: null,
  };
}

describe('a handshake under TLSA records', () => {
  const mx = domain('mx.example.org');
  let leaf: Uint8Array = Uint8Array.of();
  let spki: Uint8Array = Uint8Array.of();
  before(async () => {
    const { certPem } = await (await createAuthority()).issue({ names: [mx] });
    const certificate = new X509Certificate(certPem);
    leaf = certificate.raw;
    spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  });

  interface Given {
    readonly matches: boolean;
    readonly binding: boolean;
    readonly trusted: boolean;
    readonly requires: Decision['requires'];
    readonly provesName: boolean;
    /** Whether the certificate is valid for a name that the path could not choose. */
    readonly isNamed: boolean;
  }

  const given: fc.Arbitrary<Given> = fc.record({
    matches: fc.boolean(),
    binding: fc.boolean(),
    trusted: fc.boolean(),
    requires: fc.constantFrom('none', 'encrypt', 'authenticate'),
    provesName: fc.boolean(),
    isNamed: fc.boolean(),
  });

  function judged({ matches, binding, trusted, requires, provesName, isNamed }: Given): Judgement {
    const data = createHash('sha256')
      .update(matches ? spki : leaf)
      .digest();
    const set = readTlsaSet([Uint8Array.of(3, 1, 1, ...data)]);
    const names = { base: mx, mx, nextHop: [] };
    const match = [{ kind: 'name', name: isNamed ? mx : domain('example.net') }] as const;
    const dane = { set, names, binding, trusted };
    return judgePeer(
      facts([leaf], { kind: 'trusted' }),
      { ...decision, requires, provesName, match, dane },
      mx,
      0,
    );
  }

  it('is authenticated only by a name or a match that the path could not choose', () => {
    fc.assert(
      fc.property(given, (one) => {
        const { proof, meets } = judged(one);
        const isRefused = !one.matches && one.binding;
        const isProved = !isRefused && ((one.matches && one.trusted) || one.isNamed);
        assert.equal(proof.kind, isProved ? 'authenticated' : 'encrypted', proof.because);
        const isEnough = one.requires !== 'authenticate' || isProved || (one.matches && !one.provesName);
        assert.equal(meets, !isRefused && isEnough);
      }),
    );
  });

  const half: Given = {
    matches: true,
    binding: true,
    trusted: false,
    requires: 'authenticate',
    provesName: false,
    isNamed: false,
  };
  it('D5: half-DANE meets what DANE requires, and is encrypted, because mx-not-secure', () => {
    const { proof, meets } = judged(half);
    assert.deepEqual([proof.kind, meets], ['encrypted', true]);
    assert.match(proof.because, /^mx-not-secure: .* but mx\.example\.org is a name out of unsigned DNS$/);
    assert.match(proof.tlsa ?? '', /^3 1 1 /);
  });

  it('D5: it does not meet a level that wants a name proved', () => {
    assert.equal(judged({ ...half, provesName: true }).meets, false);
  });

  it('D20: no match is not rescued by a valid certificate for the right name', () => {
    const { proof, meets } = judged({ ...half, matches: false, trusted: true, isNamed: true });
    assert.deepEqual([proof.kind, meets], ['encrypted', false]);
    assert.match(proof.because, /matches none of its TLSA records/);
  });

  it('to require authentication without records and without a name to prove accepts nobody', () => {
    const match = [{ kind: 'name', name: domain('example.net') }] as const;
    const open = { ...decision, match, provesName: false, dane: null };
    assert.equal(judgePeer(facts([leaf], { kind: 'trusted' }), open, mx, 0).meets, false);
  });
});

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
