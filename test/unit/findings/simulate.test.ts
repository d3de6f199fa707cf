import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckCase, HostCase } from '../../../src/findings/case.ts';
import { endpointKey } from '../../../src/findings/endpoint.ts';
import type { Observation, Visit } from '../../../src/findings/observation.ts';
import { senders } from '../../../src/findings/senders.ts';
import { type SenderOutcomes, simulate } from '../../../src/findings/simulate.ts';
import { readTlsaSet } from '../../../src/policies/dane/tlsa.ts';
import type { DestinationFacts } from '../../../src/policies/destination.ts';
import { readPublicKeyInfo } from '../../../src/tls/raw-certificate.ts';
import { byMx, factsOf, hostWith, hostWithout, nameOf, stsOf, tlsaData } from '../../support/destinations.ts';
import {
  ADDRESS,
  ADDRESS6,
  answerOf,
  caseOf,
  chainFor,
  endedAt,
  HOST,
  handshakeFailed,
  hostCase,
  hostTarget,
  issuerOf,
  notConnected,
  now,
  observe,
  sentAway,
  smtpSeen,
  tlsSeen,
  visitOf,
  withoutStarttls,
} from '../../support/observations.ts';

const chain = chainFor();
const letters = {
  authenticated: 'A',
  encrypted: 'e',
  cleartext: 'c',
  deferred: 'd',
  bounced: 'B',
  unknown: '?',
} as const;

/** In the order of the senders: postfix-may, postfix-dane, mta-sts, exchange, requiretls, tls13-only, pq-client. */
function row(outcomes: SenderOutcomes): string {
  return senders
    .map((sender) => {
      const one = outcomes[sender];
      return one === undefined ? '-' : letters[one.outcome];
    })
    .join(' ');
}

/** TLSA records of the key that all servers of these tests have, or of another. */
function tlsa(host: string, fits: boolean): ReturnType<typeof hostWith> {
  const key = readPublicKeyInfo(chain[0] ?? assert.fail()) ?? assert.fail();
  const data = fits ? Uint8Array.of(3, 1, 0, ...key) : tlsaData(3);
  return hostWith(host, { kind: 'found', base: nameOf(host), set: readTlsaSet([data]), evidence: [] });
}

const plain = [hostWith(HOST, 'absent')];
const unsigned = byMx('insecure', HOST);
const policies = {
  'none, unsigned': factsOf({ way: unsigned, hosts: plain }),
  'none, signed': factsOf({ hosts: plain }),
  'DANE that fits': factsOf({ hosts: [tlsa(HOST, true)] }),
  'DANE that fits, unsigned MX': factsOf({ way: unsigned, hosts: [tlsa(HOST, true)] }),
  'DANE that does not fit': factsOf({ hosts: [tlsa(HOST, false)] }),
  'unusable TLSA': factsOf({ hosts: [hostWith(HOST, 'unusable')] }),
  'TLSA unknown': factsOf({ hosts: [hostWith(HOST, 'unknown')] }),
  'MTA-STS enforce': factsOf({ way: unsigned, hosts: plain, sts: stsOf('enforce', HOST) }),
  'MTA-STS testing': factsOf({ way: unsigned, hosts: plain, sts: stsOf('testing', HOST) }),
  'MTA-STS names another': factsOf({
    way: unsigned,
    hosts: plain,
    sts: stsOf('enforce', 'mx9.example.test'),
  }),
  'MTA-STS testing names another': factsOf({
    way: unsigned,
    hosts: plain,
    sts: stsOf('testing', 'mx9.example.test'),
  }),
} as const satisfies Record<string, DestinationFacts>;

const inside = visitOf().inside?.filter((line) => line !== 'REQUIRETLS') ?? assert.fail();
const good: Partial<Visit> = { tls: tlsSeen({ chain }), inside };
const servers = {
  good,
  'good, REQUIRETLS': { ...good, inside: [...inside, 'requiretls'] },
  'no STARTTLS': withoutStarttls(),
  'no STARTTLS, 530': {
    ...withoutStarttls(),
    smtp: smtpSeen({ mailInClear: answerOf(530, '5.7.0 Must issue a STARTTLS command first') }),
  },
  'STARTTLS refused': {
    upgrade: { kind: 'refused', answer: answerOf(454, '4.7.0 TLS not available') },
    tls: null,
    inside: null,
    end: { kind: 'without-tls' },
  },
  'handshake fails': handshakeFailed(),
  'plaintext after 220': {
    ...handshakeFailed(),
    upgrade: { kind: 'injected', because: 'plaintext stands after the go-ahead', text: '250 x' },
  },
  'another name': { ...good, tls: tlsSeen({ chain: chainFor({ names: ['other.test'] }) }) },
  'unknown authority': {
    ...good,
    tls: tlsSeen({ chain, path: { kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' } }),
  },
  'TLS 1.2': { ...good, tls: tlsSeen({ chain, version: 'TLSv1.2', group: 'X25519' }) },
  'TLS 1.1': { ...good, tls: tlsSeen({ chain, version: 'TLSv1.1' }) },
  'hangs up after the handshake': { ...good, inside: null, end: { kind: 'closed', at: 'inside' } },
  'hangs up at STARTTLS': endedAt({ kind: 'closed', at: 'starttls' }),
  'nobody listens': notConnected('refused'),
  'no answer': notConnected('timeout'),
  throttled: sentAway('throttled'),
  blocked: sentAway('blocked', answerOf(554, '5.7.1 not with you')),
  'silent at EHLO': endedAt({ kind: 'timeout', at: 'hello', ms: 30_000 }),
} as const satisfies Record<string, Partial<Visit>>;

type Policy = keyof typeof policies;
type Server = keyof typeof servers;

function caseAbout(facts: DestinationFacts, ...seen: readonly (readonly Observation[])[]): CheckCase {
  const hosts: HostCase[] = facts.hosts.map(({ preference, facts: host }, index) =>
    hostCase(seen[index] ?? [], { name: host.host, preference, facts: host }),
  );
  return caseOf(hosts, { facts });
}

/** Outcomes by sender: postfix-may, postfix-dane, mta-sts, exchange, requiretls, tls13-only, pq-client. */
const table: readonly (readonly [Policy, Server, string])[] = [
  ['none, unsigned', 'good', 'e e e e B e e'],
  ['none, unsigned', 'good, REQUIRETLS', 'e e e e B e e'],
  ['none, unsigned', 'no STARTTLS', 'c c c c B c c'],
  ['none, unsigned', 'no STARTTLS, 530', 'B B B B B B B'],
  ['none, unsigned', 'STARTTLS refused', 'c c c c d c c'],
  ['none, unsigned', 'handshake fails', 'c c c c B c c'],
  ['none, unsigned', 'plaintext after 220', 'd d d d B d d'],
  ['none, unsigned', 'another name', 'e e e e B e e'],
  ['none, unsigned', 'unknown authority', 'e e e e B e e'],
  ['none, unsigned', 'TLS 1.2', 'e e e e B c e'],
  ['none, unsigned', 'TLS 1.1', 'c c c c B c c'],
  ['none, unsigned', 'hangs up after the handshake', 'c c c c B c c'],
  ['none, unsigned', 'hangs up at STARTTLS', 'd d d d d d d'],
  ['none, unsigned', 'nobody listens', 'd d d d d d d'],
  ['none, unsigned', 'no answer', '? ? ? ? ? ? ?'],
  ['none, unsigned', 'throttled', '? ? ? ? ? ? ?'],
  ['none, unsigned', 'blocked', '? ? ? ? ? ? ?'],
  ['none, unsigned', 'silent at EHLO', '? ? ? ? ? ? ?'],
  ['none, signed', 'good', 'e e e e B e e'],
  ['none, signed', 'good, REQUIRETLS', 'e e e e A e e'],
  ['none, signed', 'another name', 'e e e e B e e'],
  ['DANE that fits', 'good', 'e A e A B A A'],
  ['DANE that fits', 'good, REQUIRETLS', 'e A e A A A A'],
  ['DANE that fits', 'another name', 'e d e d B d d'],
  ['DANE that fits', 'unknown authority', 'e A e A B A A'],
  ['DANE that fits', 'no STARTTLS', 'c d c d B d d'],
  ['DANE that fits', 'no STARTTLS, 530', 'B d B d B d d'],
  ['DANE that fits', 'STARTTLS refused', 'c d c d d d d'],
  ['DANE that fits', 'handshake fails', 'c d c d B d d'],
  ['DANE that fits', 'TLS 1.2', 'e A e A B d A'],
  ['DANE that fits', 'no answer', '? ? ? ? ? ? ?'],
  ['DANE that fits', 'nobody listens', 'd d d d d d d'],
  // RFC 7672 §2.2.1: half-DANE binds, and proves no name; Exchange Online asks for nothing behind an unsigned MX.
  ['DANE that fits, unsigned MX', 'good', 'e e e e B e e'],
  ['DANE that fits, unsigned MX', 'good, REQUIRETLS', 'e e e e B e e'],
  ['DANE that fits, unsigned MX', 'no STARTTLS', 'c d c c B c c'],
  ['DANE that does not fit', 'good', 'e d e d B d d'],
  ['DANE that does not fit', 'good, REQUIRETLS', 'e d e d B d d'],
  ['unusable TLSA', 'good', 'e e e e B e e'],
  ['unusable TLSA', 'good, REQUIRETLS', 'e e e e A e e'],
  ['unusable TLSA', 'unknown authority', 'e e e e B e e'],
  ['unusable TLSA', 'no STARTTLS', 'c d c d B d d'],
  ['TLSA unknown', 'good', 'e d e d d d d'],
  ['MTA-STS enforce', 'good', 'e e A A B A A'],
  ['MTA-STS enforce', 'good, REQUIRETLS', 'e e A A A A A'],
  ['MTA-STS enforce', 'another name', 'e e d d B d d'],
  ['MTA-STS enforce', 'unknown authority', 'e e d d B d d'],
  ['MTA-STS enforce', 'no STARTTLS', 'c c d d B d d'],
  ['MTA-STS enforce', 'TLS 1.2', 'e e A A B d A'],
  ['MTA-STS testing', 'good', 'e e e e B e e'],
  ['MTA-STS testing', 'good, REQUIRETLS', 'e e e e A e e'],
  ['MTA-STS testing', 'no STARTTLS', 'c c c c B c c'],
  ['MTA-STS names another', 'good', 'e e d d B d d'],
  ['MTA-STS names another', 'no STARTTLS', 'c c d d B d d'],
  ['MTA-STS testing names another', 'good, REQUIRETLS', 'e e e e B e e'],
];

describe('what senders do with one host', () => {
  for (const [policy, server, expected] of table) {
    it(`${policy}; ${server}: ${expected}`, () => {
      const theCase = caseAbout(policies[policy], [observe({ base: servers[server] })]);
      const { outcomes, hosts } = simulate(theCase);
      assert.equal(row(outcomes), expected, JSON.stringify(outcomes, null, 1));
      // Of the only host and the only door the same is to be said.
      const [host] = hosts;
      assert.equal(row(host?.outcomes ?? {}), expected);
      const key = endpointKey(observe().endpoint);
      assert.equal(row(host?.endpoints.get(key) ?? {}), expected);
      for (const one of Object.values(outcomes)) {
        assert.match(one.because, /\S/);
        assert.equal(one.host === null, !/authenticated|encrypted|cleartext/.test(one.outcome));
      }
    });
  }
});

describe('where there is no host', () => {
  const ways: readonly (readonly [string, DestinationFacts, string])[] = [
    ['a null MX', factsOf({ way: { kind: 'null', because: 'null MX' }, hosts: [] }), 'B'],
    ['no such domain', factsOf({ way: { kind: 'no-such-domain', because: 'no' }, hosts: [] }), 'B'],
    ['MX unknown', factsOf({ way: { kind: 'unknown', because: 'SERVFAIL' }, hosts: [] }), 'd'],
    ['no address', factsOf({ hosts: [hostWithout(HOST, 'absent')] }), 'B B d d d d d'],
    ['address unknown', factsOf({ hosts: [hostWithout(HOST, 'unknown')] }), 'd'],
    [
      'one without an address, one unknown',
      factsOf({ hosts: [hostWithout(HOST, 'absent'), hostWithout('mx2.example.test', 'unknown')] }),
      'd',
    ],
    [
      'no MX and no address',
      factsOf({
        way: { kind: 'implicit', status: 'secure', because: 'no MX' },
        hosts: [hostWithout('example.test', 'absent')],
      }),
      'B',
    ],
  ];
  for (const [name, facts, expected] of ways) {
    it(`${name}: ${expected}`, () => {
      const { outcomes } = simulate(caseAbout(facts));
      const all = expected.length > 1 ? expected : senders.map(() => expected).join(' ');
      assert.equal(row(outcomes), all);
    });
  }
});

const MX2 = 'mx2.example.test';
const at = (address: string, server: Server): Observation =>
  observe({ endpoint: { address }, base: servers[server] });

function twoHosts(
  first: Server,
  second: Server,
  preferences: readonly [number, number] = [10, 20],
): CheckCase {
  const facts = factsOf({ hosts: [tlsa(HOST, true), hostWith(MX2, 'absent')] });
  const hosts = facts.hosts.map((host, index) => ({ ...host, preference: preferences[index] ?? 0 }));
  return caseAbout({ ...facts, hosts }, [at('192.0.2.1', first)], [at('192.0.2.2', second)]);
}

describe('several hosts, several addresses', () => {
  it('RFC 7672 §2.2: a host without the TLS that its records require is passed over, and the next one counts', () => {
    const { outcomes, hosts } = simulate(twoHosts('no STARTTLS', 'good'));
    assert.equal(row(outcomes), 'c e c e B e e');
    assert.equal(outcomes['postfix-dane']?.host, MX2);
    assert.match(
      outcomes['postfix-dane']?.because ?? '',
      /passed over before: mx1\.example\.test .* STARTTLS/,
    );
    assert.equal(row(hosts[0]?.outcomes ?? {}), 'c d c d B d d');
    assert.equal(row(hosts[1]?.outcomes ?? {}), 'e e e e B e e');
  });

  it('where no host can be used, the others are named', () => {
    const { outcomes } = simulate(twoHosts('no STARTTLS', 'no STARTTLS'));
    assert.match(
      outcomes.requiretls?.because ?? '',
      /^mx1\.example\.test .* \(mx2\.example\.test cannot be used either\)$/,
    );
  });

  it('hosts of equal preference: the worst outcome counts, and the sentence says so', () => {
    const { outcomes } = simulate(twoHosts('good', 'no STARTTLS', [10, 10]));
    assert.equal(row(outcomes), 'c c c c B c c');
    assert.match(outcomes['postfix-dane']?.because ?? '', /worst of the doors .*another: authenticated/);
  });

  it('a better host that cannot be tested decides where it could be worse', () => {
    assert.equal(row(simulate(twoHosts('no answer', 'good')).outcomes), '? ? ? ? ? ? ?');
    assert.equal(row(simulate(twoHosts('no answer', 'no STARTTLS', [10, 10])).outcomes), 'c c c c ? c c');
  });

  it('an address that could not be tested does not decide where its policy lets nothing worse pass', () => {
    const facts = factsOf({ hosts: [tlsa(HOST, true)] });
    const theCase = caseAbout(facts, [at(ADDRESS, 'good'), at(ADDRESS6, 'no answer')]);
    assert.equal(row(simulate(theCase).outcomes), '? A ? A ? A A');
  });

  it('an address that we have no way to stands behind those that were seen', () => {
    const noRoute = observe({ endpoint: { address: ADDRESS6 }, base: notConnected('no-route') });
    const { outcomes, hosts } = simulate(
      caseAbout(policies['none, unsigned'], [at(ADDRESS, 'good'), noRoute]),
    );
    assert.equal(row(outcomes), 'e e e e B e e');
    assert.equal(row(hosts[0]?.endpoints.get(endpointKey(noRoute.endpoint)) ?? {}), '? ? ? ? ? ? ?');
    assert.equal(row(simulate(caseAbout(policies['none, unsigned'], [noRoute])).outcomes), '? ? ? ? ? ? ?');
    const dead = simulate(
      caseAbout(policies['none, unsigned'], [noRoute, at(ADDRESS, 'nobody listens')]),
    ).outcomes;
    assert.equal(row(dead), 'd d d d d d d');
    assert.match(
      dead.exchange?.because ?? '',
      /^mx1\.example\.test \(192\.0\.2\.1\) refuses connections \([^)]*\)$/,
    );
  });

  it('a dead address beside one that answers costs nothing', () => {
    const theCase = caseAbout(policies['MTA-STS enforce'], [
      at(ADDRESS6, 'nobody listens'),
      at(ADDRESS, 'good'),
    ]);
    assert.equal(row(simulate(theCase).outcomes), 'e e A A B A A');
  });

  it('doors that were left alone are unknown, those of a crowd are not', () => {
    const skipped = { address: ADDRESS, port: 25, because: 'its owner wants no visits', retryAt: null };
    const alone = (kind: 'opted-out' | 'too-many'): CheckCase => {
      const host = hostCase([at(ADDRESS6, 'good')], { skipped: [{ ...skipped, kind }] });
      return caseOf([host], { facts: policies['none, unsigned'] });
    };
    assert.equal(row(simulate(alone('opted-out')).outcomes), '? ? ? ? ? ? ?');
    assert.equal(row(simulate(alone('too-many')).outcomes), 'e e e e B e e');
  });
});

describe('targets that are no domain', () => {
  it('a server of SMTP that was named: as a sender that is told to use it', () => {
    const facts = factsOf({ way: { kind: 'configured', host: nameOf(HOST) }, hosts: plain });
    const { outcomes } = simulate(hostTarget([at(ADDRESS, 'good, REQUIRETLS')], { facts }));
    assert.equal(row(outcomes), 'e e e e A e e');
  });

  it('an address: nobody has a policy for it', () => {
    const target = {
      kind: 'address',
      address: ADDRESS,
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    const host = (server: Server): HostCase => ({
      ...hostCase([at(ADDRESS, server)]),
      name: ADDRESS,
      preference: null,
      facts: null,
    });
    const about = (server: Server): CheckCase =>
      caseOf([host(server)], { target, facts: null, verdict: null });
    assert.equal(row(simulate(about('good')).outcomes), 'e e e e B e e');
    assert.equal(row(simulate(about('no STARTTLS')).outcomes), 'c c c c B c c');
  });

  it('other protocols have no senders', () => {
    const imap = observe({ endpoint: { protocol: 'imap', port: 143 } });
    const { outcomes, hosts } = simulate(hostTarget([imap]));
    assert.deepEqual(outcomes, {});
    assert.deepEqual(hosts, [{ name: HOST, outcomes: {}, endpoints: new Map() }]);
  });
});

describe('the sentences', () => {
  const because = (policy: Policy, server: Server, sender: (typeof senders)[number]): string =>
    simulate(caseAbout(policies[policy], [observe({ base: servers[server] })])).outcomes[sender]?.because ??
    '';

  it('RFC 8689 §4.2.1: a server without REQUIRETLS is named with the code', () => {
    assert.match(because('DANE that fits', 'good', 'requiretls'), /REQUIRETLS \(5\.7\.30\)/);
  });

  it('a client with a hybrid key exchange says which group it was', () => {
    assert.match(because('none, unsigned', 'good', 'pq-client'), /the key exchange is X25519MLKEM768$/);
    assert.match(
      because('none, unsigned', 'TLS 1.2', 'pq-client'),
      /the key exchange is X25519, which is not/,
    );
  });

  it('what a server says comes quoted and cut', () => {
    const answer = answerOf(454, `4.7.0 \n${'x'.repeat(5000)}`);
    const base = { ...servers['STARTTLS refused'], upgrade: { kind: 'refused', answer } } as const;
    const { outcomes } = simulate(caseAbout(policies['none, unsigned'], [observe({ base })]));
    const text = outcomes['postfix-may']?.because ?? '';
    assert.ok(text.length < 400);
    assert.doesNotMatch(text, /\n/);
  });

  it('RFC 7672 §3.1.2: under DANE-TA dates count, at the moment that is asked about', () => {
    const key = readPublicKeyInfo(issuerOf()) ?? assert.fail();
    const set = readTlsaSet([Uint8Array.of(2, 1, 0, ...key)]);
    const host = hostWith(HOST, { kind: 'found', base: nameOf(HOST), set, evidence: [] });
    const about = (moment: number): CheckCase => ({
      ...caseAbout(factsOf({ hosts: [host] }), [observe({ base: good })]),
      now: moment,
    });
    assert.equal(row(simulate(about(now)).outcomes), 'e A e A B A A');
    const { outcomes } = simulate(about(now + 100 * 24 * 3600 * 1000));
    assert.equal(row(outcomes), 'e d e d B d d');
    assert.match(outcomes.exchange?.because ?? '', /expired|past|date/);
  });
});
