import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { CheckCase, PolicyAtHost } from '../../../../src/findings/case.ts';
import type { ObservedTls } from '../../../../src/findings/observation.ts';
import { certFindings } from '../../../../src/findings/rules/cert.ts';
import {
  aDay,
  authority,
  basicConstraints,
  type CertificateSpec,
  certify,
  extendedKeyUsage,
  hostNames,
  keyUsage,
  type Party,
  party,
  server,
} from '../../../support/chains.ts';
import {
  ADDRESS,
  type ChainOptions,
  caseOf,
  chainFor,
  HOST,
  hostCase,
  hostTarget,
  issuerOf,
  now,
  observe,
  only,
  otherKey,
  rootOf,
  statesOf,
  tlsSeen,
  underPolicy,
} from '../../../support/observations.ts';
import { der, extension } from '../../tls/forge.ts';
import { close, roca } from '../../tls/weak-moduli.ts';

type Findings = ReturnType<typeof certFindings>;
const policies: readonly PolicyAtHost[] = ['none', 'sts-testing', 'sts-enforce', 'dane-ta', 'dane-ee'];

const seenWith = (tls: Partial<ObservedTls>): ReturnType<typeof observe> =>
  observe({ base: { tls: tlsSeen(tls) } });
const under = (policy: PolicyAtHost, tls: Partial<ObservedTls>, change: Partial<CheckCase> = {}): Findings =>
  certFindings(underPolicy(policy, [seenWith(tls)], change));
const found = (chain: readonly Uint8Array[], path: ObservedTls['path'] = { kind: 'trusted' }): Findings =>
  under('none', { chain, path });
const leaf = (spec: CertificateSpec, options: ChainOptions = {}): readonly Buffer[] =>
  chainFor({ ...options, spec });
const untrusted = (code: string): ObservedTls['path'] => ({ kind: 'untrusted', code });

/** The severity of the one finding of that id under each policy. */
function severities(
  id: string,
  tls: Partial<ObservedTls>,
  change: Partial<CheckCase> = {},
): Record<string, string> {
  return Object.fromEntries(
    policies.map((policy) => {
      const [finding] = only(under(policy, tls, change), id);
      assert.notEqual(finding?.state, 'pass', policy);
      return [policy, finding?.severity ?? 'none'];
    }),
  );
}

const asVerified = (none: string): Record<string, string> => ({
  none,
  'sts-testing': 'medium',
  'sts-enforce': 'critical',
  'dane-ta': 'critical',
  'dane-ee': 'info',
});

describe('a certificate in order', () => {
  it('passes everything, under every policy and for clients', () => {
    for (const policy of policies)
      assert.deepEqual(
        under(policy, {}).filter(({ state }) => state !== 'pass'),
        [],
        policy,
      );
    const imap = hostTarget([observe({ endpoint: { protocol: 'imap' }, probes: { otherKey: otherKey() } })]);
    assert.deepEqual(
      certFindings(imap).filter(({ state }) => state !== 'pass'),
      [],
    );
  });

  it('where there is none, nothing is said of it', () => {
    assert.deepEqual(found([], { kind: 'absent' }), []);
  });
});

describe('what can be read', () => {
  it('octets that are no certificate', () => {
    const findings = found([Buffer.from('not a certificate')], untrusted('X'));
    assert.deepEqual(
      findings.map(({ id, state }) => `${id} ${state}`),
      ['cert.unparsable fail'],
    );
  });
});

describe('RFC 5280 §4.1.2.5: dates, as whoever looks at them is hit', () => {
  const over = leaf({ notAfter: now - aDay });

  it('expired', () => {
    const path = untrusted('CERT_HAS_EXPIRED');
    assert.deepEqual(severities('cert.expired', { chain: over, path }), asVerified('low'));
    // Nothing is known of the path then, and nothing is said of it.
    assert.equal(statesOf(found(over, path), 'cert.untrusted'), '');
    assert.equal(statesOf(found(over, path), 'cert.expiring'), '');
    const imap = hostTarget([
      observe({ endpoint: { protocol: 'imap' }, base: { tls: tlsSeen({ chain: over, path }) } }),
    ]);
    assert.equal(only(certFindings(imap), 'cert.expired')[0]?.severity, 'critical');
  });

  it('DANE beside an enforced MTA-STS policy: who knows only the latter looks at the dates', () => {
    const tls = { chain: over, path: untrusted('CERT_HAS_EXPIRED') };
    const both = underPolicy('dane-ee', [seenWith(tls)]);
    const sts = underPolicy('sts-enforce').facts?.sts;
    assert.ok(both.facts !== null && sts !== undefined);
    const findings = certFindings({ ...both, facts: { ...both.facts, sts } });
    assert.equal(only(findings, 'cert.expired')[0]?.severity, 'critical');
  });

  it('it is valid through its last second, and not a millisecond longer', () => {
    const chain = leaf({ notAfter: now });
    assert.equal(statesOf(under('none', { chain }, { now: now + 999 }), 'cert.expired'), 'pass');
    assert.equal(statesOf(under('none', { chain }, { now: now + 1000 }), 'cert.expired'), 'fail');
  });

  it('not yet valid', () => {
    const chain = leaf({ notBefore: now + aDay, notAfter: now + 91 * aDay });
    assert.deepEqual(
      severities('cert.not-yet-valid', { chain, path: untrusted('CERT_NOT_YET_VALID') }),
      asVerified('low'),
    );
  });

  it('--fail-at: dates are those of the moment that is judged, whatever the path was at the visit', () => {
    const later = under('sts-enforce', {}, { now: now + 61 * aDay });
    assert.equal(statesOf(later, 'cert.expired'), 'fail');
    assert.equal(statesOf(under('sts-enforce', {}, { now: now + 59 * aDay }), 'cert.expired'), 'pass');
  });

  it('an authority that is over later breaks the path; one that was over at the visit was not needed', () => {
    const later = under(
      'sts-enforce',
      { chain: [...leaf({ notAfter: now + 4000 * aDay }).slice(0, 1), issuerOf()] },
      { now: now + 3651 * aDay },
    );
    assert.equal(statesOf(later, 'cert.chain.expired'), 'fail');
    const old = certify(party('Issuing Authority'), party('Old Root'), {
      notAfter: now - aDay,
      extensions: authority,
    });
    assert.equal(statesOf(found([...chainFor(), old]), 'cert.chain.expired'), 'pass');
  });
});

describe('how long yet: renewal is told from neglect', () => {
  /** Under MTA-STS in enforce, days of a lifetime left: state and severity. */
  const left = (days: number, lifetime: number): string => {
    const chain = leaf({ notBefore: now + (days - lifetime) * aDay, notAfter: now + days * aDay - 1000 });
    const [finding] = only(under('sts-enforce', { chain }), 'cert.expiring');
    return finding?.state === 'warn' ? finding.severity : (finding?.state ?? 'none');
  };

  for (const [lifetime, expected] of [
    // ACME renews at 30 of 90 days, at 15 of 45, and at 2 of 6.
    [90, { 31: 'pass', 29: 'info', 23: 'info', 22: 'low', 10: 'low', 8: 'high', 1: 'high' }],
    [45, { 16: 'pass', 14: 'info', 12: 'info', 11: 'low', 5: 'low', 4: 'high' }],
    [6, { 2.5: 'pass', 1.9: 'info', 1.4: 'low', 0.5: 'high' }],
    [
      365,
      { 31: 'pass', 29: 'low', 15: 'low', 13: 'medium', 8: 'medium', 6: 'high', 4: 'high', 2: 'critical' },
    ],
  ] as const) {
    it(`of ${lifetime} days`, () => {
      for (const [days, severity] of Object.entries(expected))
        assert.equal(left(Number(days), lifetime), severity, `${days} days left`);
    });
  }

  it('it is never worse than that it is over', () => {
    const chain = leaf({ notBefore: now - 89 * aDay, notAfter: now + aDay });
    assert.deepEqual(severities('cert.expiring', { chain }), {
      ...asVerified('low'),
      'sts-enforce': 'high',
      'dane-ta': 'high',
    });
  });
});

describe('paths', () => {
  const self = party('self.example.test');
  const selfSigned = certify(self, self, { notAfter: now + 60 * aDay, extensions: server(HOST) });
  const alone = chainFor().slice(0, 1);
  const address = der(
    0x30,
    der(0x06, Buffer.from('2b06010505073002', 'hex')),
    der(0x86, Buffer.from('http://ca.example.test/ca.der')),
  );
  const aia = extension([0x2b, 6, 1, 5, 5, 7, 1, 1], der(0x30, address));

  it('signed by itself, which nobody looks at under DANE-EE, nor does who has a trust anchor', () => {
    const tls = { chain: [selfSigned], path: untrusted('DEPTH_ZERO_SELF_SIGNED_CERT') };
    assert.deepEqual(severities('cert.self-signed', tls), { ...asVerified('medium'), 'dane-ta': 'info' });
    assert.equal(statesOf(found(chainFor()), 'cert.self-signed'), 'pass');
  });

  it('signed by itself and expired is both', () => {
    const old = certify(self, self, { notAfter: now - aDay, extensions: server(HOST) });
    const findings = found([old], untrusted('CERT_HAS_EXPIRED'));
    assert.equal(statesOf(findings, 'cert.self-signed'), 'fail');
    assert.equal(statesOf(findings, 'cert.expired'), 'fail');
  });

  it('an authority that nobody knows', () => {
    for (const [chain, code] of [
      [chainFor(), 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
      [[...chainFor(), rootOf()], 'SELF_SIGNED_CERT_IN_CHAIN'],
      [alone, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ] as const) {
      const findings = found(chain, untrusted(code));
      assert.equal(statesOf(findings, 'cert.untrusted'), 'fail', code);
      assert.equal(statesOf(findings, 'cert.chain.incomplete'), '', code);
    }
    assert.equal(statesOf(found(chainFor()), 'cert.untrusted'), 'pass');
  });

  it('an intermediate certificate that was left out: said by the address of the issuer', () => {
    const chain = leaf({ extensions: [...server(HOST), aia] }).slice(0, 1);
    const [finding] = only(
      found(chain, untrusted('UNABLE_TO_VERIFY_LEAF_SIGNATURE')),
      'cert.chain.incomplete',
    );
    assert.equal(finding?.state, 'fail');
    assert.match(finding.evidence.join('\n'), /http:\/\/ca\.example\.test\/ca\.der/);
    assert.equal(statesOf(found(chain, untrusted('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 'cert.untrusted'), '');
  });

  it('or by others in its place, which do not lead on', () => {
    const stray = certify(party('Stray Authority'), party('Root'), { extensions: authority });
    const findings = found([...alone, stray], untrusted('UNABLE_TO_VERIFY_LEAF_SIGNATURE'));
    assert.equal(statesOf(findings, 'cert.chain.incomplete'), 'fail');
    assert.equal(statesOf(findings, 'cert.chain.order'), 'warn');
  });

  it('RFC 8446 §4.4.2: the order', () => {
    const [own, issuer] = chainFor();
    assert.ok(own !== undefined && issuer !== undefined);
    assert.equal(statesOf(found([own, rootOf(), issuer]), 'cert.chain.order'), 'warn');
    assert.equal(statesOf(found([own, issuer, issuer]), 'cert.chain.order'), 'warn');
    assert.equal(statesOf(found([own, issuer, rootOf()]), 'cert.chain.order'), 'pass');
    assert.equal(statesOf(found([own]), 'cert.chain.order'), '');
  });

  it('the root is presented, as info', () => {
    const [finding] = only(found([...chainFor(), rootOf()]), 'cert.chain.root-sent');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'info']);
    assert.equal(statesOf(found(chainFor()), 'cert.chain.root-sent'), 'pass');
  });
});

describe('RFC 9525: names', () => {
  it('of another host, which without a policy nobody minds', () => {
    const tls = { chain: chainFor({ names: ['example.test', 'mail.example.net'] }) };
    // RFC 7672 §3.2.2: under DANE-TA the domain of the mail does as well.
    const { 'dane-ta': _, ...others } = asVerified('low');
    for (const policy of Object.keys(others)) {
      const [finding] = only(
        under(policies.find((one) => one === policy) ?? 'none', tls),
        'cert.name-mismatch',
      );
      assert.deepEqual([finding?.state, finding?.severity], ['fail', others[policy]], policy);
    }
    assert.equal(statesOf(under('dane-ta', tls), 'cert.name-mismatch'), 'pass');
    const [ta] = only(under('dane-ta', { chain: chainFor({ names: ['other.test'] }) }), 'cert.name-mismatch');
    assert.deepEqual([ta?.state, ta?.severity], ['fail', 'critical']);
  });

  it('by a wildcard, as info', () => {
    const [finding] = only(found(chainFor({ names: ['*.example.test'] })), 'cert.wildcard');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'info']);
    assert.equal(statesOf(found(chainFor({ names: ['*.test'] })), 'cert.name-mismatch'), 'fail');
    assert.equal(statesOf(found(chainFor()), 'cert.wildcard'), 'pass');
  });

  it('in the common name only', () => {
    const chain = leaf({ extensions: [basicConstraints(false), keyUsage(0x80), extendedKeyUsage(1)] });
    const findings = under('sts-enforce', { chain });
    assert.deepEqual(
      only(findings, 'cert.cn-only').map(({ state, severity }) => `${state} ${severity}`),
      ['fail critical'],
    );
    assert.equal(statesOf(findings, 'cert.name-mismatch'), '');
    // RFC 7672 §3.2.3: "The CN-ID is only considered when no DNS-IDs are present".
    const [ta] = only(under('dane-ta', { chain }), 'cert.cn-only');
    assert.deepEqual([ta?.state, ta?.severity], ['warn', 'medium']);
    assert.equal(statesOf(found(chainFor()), 'cert.cn-only'), 'pass');
  });

  it('a host that is named by its address has none to compare', () => {
    const host = hostCase([observe({ endpoint: { serverName: null } })], { name: ADDRESS, facts: null });
    assert.equal(statesOf(certFindings(caseOf([host], { facts: null })), 'cert.name-mismatch'), '');
  });
});

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

describe('what it is for', () => {
  const extensions = (...all: readonly Buffer[]): Findings => found(leaf({ extensions: all }));

  it('RFC 5280 §4.2.1.12: not for servers', () => {
    const chain = leaf({ extensions: [basicConstraints(false), extendedKeyUsage(2), hostNames(HOST)] });
    assert.deepEqual(
      severities('cert.eku-missing-serverauth', { chain, path: untrusted('INVALID_PURPOSE') }),
      asVerified('medium'),
    );
    assert.equal(statesOf(found(chain, untrusted('INVALID_PURPOSE')), 'cert.untrusted'), '');
    assert.equal(statesOf(extensions(hostNames(HOST)), 'cert.eku-missing-serverauth'), 'pass');
  });

  it('RFC 5280 §4.2.1.3: a key usage without signatures', () => {
    assert.equal(statesOf(extensions(keyUsage(0x20), hostNames(HOST)), 'cert.keyusage'), 'warn');
    assert.equal(statesOf(extensions(keyUsage(0xa0), hostNames(HOST)), 'cert.keyusage'), 'pass');
    assert.equal(statesOf(extensions(hostNames(HOST)), 'cert.keyusage'), 'pass');
  });

  it('RFC 5280 §4.2.1.9: one of an authority', () => {
    assert.equal(statesOf(extensions(basicConstraints(true), hostNames(HOST)), 'cert.is-ca'), 'warn');
    assert.equal(statesOf(found(chainFor()), 'cert.is-ca'), 'pass');
  });

  it('made for years, as info', () => {
    const [finding] = only(found(leaf({ notAfter: now + 3650 * aDay })), 'cert.lifetime');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'info']);
    assert.equal(statesOf(found(chainFor()), 'cert.lifetime'), 'pass');
  });
});

describe('the same everywhere', () => {
  const across = (second: Partial<ObservedTls>): Findings =>
    certFindings(
      caseOf([
        hostCase([
          observe(),
          observe({ endpoint: { address: '192.0.2.2' }, base: { tls: tlsSeen(second) } }),
        ]),
      ]),
    );

  it('each address its own certificate is fine where they are worth the same', () => {
    const own = chainFor({ key: 'p384' });
    assert.deepEqual(
      only(across({ chain: own }), 'cert.differs-by-ip').map(({ state, severity }) => `${state} ${severity}`),
      ['warn info'],
    );
    const other = chainFor({ names: ['other.example.test'] });
    assert.deepEqual(
      only(across({ chain: other }), 'cert.differs-by-ip').map(
        ({ state, severity }) => `${state} ${severity}`,
      ),
      ['warn medium'],
    );
    assert.equal(statesOf(across({}), 'cert.differs-by-ip'), 'pass');
    assert.equal(statesOf(found(chainFor()), 'cert.differs-by-ip'), '');
  });

  it('either kind of key: both are looked at, and compared', () => {
    const withOther = (tls?: Partial<ObservedTls>): Findings =>
      certFindings(caseOf([hostCase([observe({ probes: { otherKey: otherKey(tls) } })])]));
    assert.equal(statesOf(withOther(), 'cert.differs-by-alg'), 'pass');
    const wrong = withOther({ chain: chainFor({ names: ['other.example.test'], key: 'rsa2048' }) });
    assert.equal(statesOf(wrong, 'cert.differs-by-alg'), 'warn');
    assert.equal(statesOf(wrong, 'cert.name-mismatch'), 'pass, fail');
    // The server that has one certificate only shows it again.
    assert.equal(statesOf(withOther({ chain: chainFor() }), 'cert.differs-by-alg'), '');
  });
});
