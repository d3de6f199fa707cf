import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { readTlsaSet } from '../../../src/policies/dane/tlsa.ts';
import {
  decidePolicy,
  type HostPolicy,
  judgeHandshake,
  type PolicyDecision,
  type PolicyFacts,
} from '../../../src/policies/host-policy.ts';
import type { ChainPath, TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  stsOf,
  type Told,
} from '../../support/destinations.ts';

const NOW = Date.parse('2026-11-29T00:00:00Z');
const MX = nameOf('mx1.example.test');

function known(told: Told = {}): PolicyFacts {
  return { domain: DOMAIN, learntAt: NOW, goodUntil: NOW, found: factsOf(told) };
}

/** The only host of a decision to deliver. */
function hostIn(decision: PolicyDecision): HostPolicy {
  assert.equal(decision.kind, 'deliver', decision.because);
  const hosts = decision.kind === 'deliver' ? decision.hosts : [];
  assert.equal(hosts.length, 1);
  return hosts[0] ?? assert.fail();
}

describe('a decision in the words of programs', () => {
  it('a host with TLSA records: what it has to match, and the name to ask for', () => {
    const host = hostIn(decidePolicy(known({ hosts: [hostWith(MX, 'usable')] }), {}));
    const { requires, tries, by, serverName, tlsa, addresses } = host;
    assert.deepEqual(
      { requires, tries, by, serverName, tlsa, addresses },
      {
        requires: 'authenticate',
        tries: true,
        by: 'dane',
        serverName: MX,
        tlsa: [`3 1 1 ${'ab'.repeat(32)}`],
        addresses: ['192.0.2.1'],
      },
    );
  });

  it('an enforced MTA-STS policy: its hosts by their names, the others avoided', () => {
    const hosts = ['mx1.example.test', 'mx2.example.test'].map((name) => hostWith(name, 'absent'));
    const decision = decidePolicy(
      known({ way: byMx('insecure', ...hosts.map(({ host }) => host)), hosts, sts: stsOf('enforce', MX) }),
      {},
    );
    const host = hostIn(decision);
    assert.deepEqual([host.requires, host.by, host.match, host.tlsa], ['authenticate', 'sts', [MX], []]);
    assert.deepEqual(
      decision.avoided.map(({ host: name, preference, forbidden, by }) => [name, preference, forbidden, by]),
      [['mx2.example.test', 20, true, 'sts']],
    );
  });

  it('nothing that may be used: mail waits, with what rules it out', () => {
    const decision = decidePolicy(known({ hosts: [hostWith(MX, 'unknown')] }), {});
    assert.deepEqual([decision.kind, decision.avoided.length], ['defer', 1]);
    assert.ok(!('hosts' in decision));
    assert.equal(decision.avoided[0]?.forbidden, false);
  });

  it('nobody to send it to: refused, with the status of RFC 3463', () => {
    const way = { kind: 'null', because: 'null MX' } as const;
    const decision = decidePolicy(known({ way, hosts: [] }), {});
    assert.equal(decision.kind === 'refuse' && decision.status, '5.1.10');
    const none = decidePolicy(
      known({
        way: { kind: 'implicit', status: 'secure', because: '' },
        hosts: [hostWithout(DOMAIN, 'absent')],
      }),
      {},
    );
    assert.equal(none.kind === 'refuse' && none.status, '5.4.4');
  });

  it('the level of the program raises what nobody asks for, and lowers nothing', () => {
    const plain = known({ way: byMx('insecure', MX), hosts: [hostWith(MX, 'absent')] });
    const requires = (facts: PolicyFacts, level: 'off' | 'may' | 'encrypt'): string => {
      const host = hostIn(decidePolicy(facts, { level }));
      return `${host.requires} ${host.tries} ${host.by}`;
    };
    assert.equal(requires(plain, 'may'), 'none true default');
    assert.equal(requires(plain, 'encrypt'), 'encrypt true default');
    assert.equal(requires(plain, 'off'), 'none false default');
    assert.equal(requires(known({ hosts: [hostWith(MX, 'usable')] }), 'off'), 'authenticate true dane');
  });

  it('an override of the program stands over all that is published, and over none that is kept elsewhere', () => {
    const facts = known({ hosts: [hostWith(MX, 'usable')], override: overrideOf('off') });
    assert.equal(hostIn(decidePolicy(facts, {})).by, 'dane');
    const host = hostIn(decidePolicy(facts, { override: { level: 'encrypt', reason: 'of the test' } }));
    assert.deepEqual([host.requires, host.by], ['encrypt', 'override']);
    assert.match(host.because, /says encrypt until it is taken back: of the test$/);
  });

  it('facts are plain data: their clone decides alike', () => {
    const facts = known({ hosts: [hostWith(MX, 'usable')], sts: stsOf('enforce', MX) });
    assert.deepEqual(decidePolicy(structuredClone(facts), {}), decidePolicy(facts, {}));
  });
});

describe('a handshake with a host of a decision', () => {
  let leaf: Uint8Array = Uint8Array.of();
  let digest: Uint8Array = Uint8Array.of();
  before(async () => {
    const certificate = new X509Certificate((await (await createAuthority()).issue({ names: [MX] })).certPem);
    leaf = certificate.raw;
    digest = createHash('sha256')
      .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
      .digest();
  });

  function tls(path: ChainPath = { kind: 'trusted' }): TlsFacts {
    const chain = [leaf];
    return {
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      group: null,
      chain,
      path,
      serverName: MX,
      alpn: null,
    };
  }
  const untrusted: ChainPath = { kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' };
  const withRecord = (data: Uint8Array): Told => {
    const set = readTlsaSet([Uint8Array.of(3, 1, 1, ...data)]);
    return { hosts: [hostWith(MX, { kind: 'found', base: MX, set, evidence: [] })] };
  };

  it('a TLSA record that matches authenticates, whatever the path', () => {
    const verdict = judgeHandshake(hostIn(decidePolicy(known(withRecord(digest)), {})), tls(untrusted), NOW);
    assert.deepEqual(verdict.kind === 'acceptable' && [verdict.outcome, verdict.peerName, verdict.tlsa], [
      'authenticated',
      MX,
      `3 1 1 ${Buffer.from(digest).toString('hex')}`,
    ]);
  });

  it('one that matches none is refused, also where its certificate is valid for the name', () => {
    const told = { ...withRecord(new Uint8Array(32)), sts: stsOf('enforce', MX) };
    const verdict = judgeHandshake(hostIn(decidePolicy(known(told), {})), tls(), NOW);
    assert.deepEqual(verdict.kind === 'unacceptable' && verdict.reason, 'certificate-not-trusted');
    assert.match(
      verdict.because,
      /^does not show what it has to \(dane\): the server's certificate matches none/,
    );
  });

  it('MTA-STS: the name by a path to a root, and nothing less', () => {
    const host = hostIn(
      decidePolicy(
        known({ way: byMx('insecure', MX), hosts: [hostWith(MX, 'absent')], sts: stsOf('enforce', MX) }),
        {},
      ),
    );
    const good = judgeHandshake(host, tls(), NOW);
    assert.deepEqual(good.kind === 'acceptable' && [good.outcome, good.tlsa], ['authenticated', null]);
    assert.equal(judgeHandshake(host, tls(untrusted), NOW).kind, 'unacceptable');
    assert.equal(judgeHandshake({ ...host }, { ...tls(), chain: [] }, NOW).kind, 'unacceptable');
  });

  it('where nothing is required any certificate will do, and is no proof', () => {
    const host = hostIn(
      decidePolicy(known({ way: byMx('insecure', MX), hosts: [hostWith(MX, 'absent')] }), {}),
    );
    for (const path of [untrusted, { kind: 'trusted' } as const]) {
      const verdict = judgeHandshake(host, tls(path), NOW);
      assert.deepEqual(verdict.kind === 'acceptable' && [verdict.outcome, verdict.peerName], [
        'encrypted',
        null,
      ]);
    }
  });
});
