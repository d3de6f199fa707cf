import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deliveryAt, type Seen, worstAt } from '../../../src/findings/delivery-at.ts';
import type { Observation } from '../../../src/findings/observation.ts';
import { senderKinds } from '../../../src/findings/sender-kinds.ts';
import type { Sender } from '../../../src/findings/senders.ts';
import { decideAll } from '../../../src/policies/combine.ts';
import type { Decision } from '../../../src/policies/decide.ts';
import type { DestinationFacts } from '../../../src/policies/destination.ts';
import { byMx, factsOf, hostWith, stsOf } from '../../support/destinations.ts';
import {
  ADDRESS,
  endedAt,
  HOST,
  handshakeFailed,
  handshakeRefused,
  notConnected,
  now,
  observe,
  secured,
  tlsSeen,
} from '../../support/observations.ts';

function decisionOf(facts: DestinationFacts): Decision {
  const [host] = decideAll(facts, { route: undefined, defaultLevel: 'may' }).hosts;
  return host?.kind === 'use' ? host.decision : assert.fail('the host is avoided');
}

const unsigned = byMx('insecure', HOST);
const plain = [hostWith(HOST, 'absent')];
const none = factsOf({ way: unsigned, hosts: plain });
const enforced = factsOf({ way: unsigned, hosts: plain, sts: stsOf('enforce', HOST) });

describe('the worst that can become of mail at a door of which nothing is known', () => {
  const table: readonly (readonly [string, DestinationFacts, string])[] = [
    ['no policy', none, 'cleartext'],
    ['unusable TLSA records', factsOf({ hosts: [hostWith(HOST, 'unusable')] }), 'encrypted'],
    ['DANE', factsOf({ hosts: [hostWith(HOST, 'usable')] }), 'authenticated'],
    ['half-DANE', factsOf({ way: unsigned, hosts: [hostWith(HOST, 'usable')] }), 'encrypted'],
    ['MTA-STS', enforced, 'authenticated'],
  ];
  for (const [name, facts, worst] of table) {
    it(`${name}: ${worst}`, () => assert.equal(worstAt(decisionOf(facts)), worst));
  }
});

describe('a door', () => {
  const at = (seen: Seen, facts = none) =>
    deliveryAt({ host: HOST, decision: decisionOf(facts), seen }, senderKinds.exchange, now);

  it('names the host and its address', () => {
    const { because } = at({ kind: 'observed', observation: observe() });
    assert.match(because, /^mx1\.example\.test \(192\.0\.2\.1\) takes mail by TLSv1\.3/);
  });

  it('says which policy stands in the way', () => {
    const tls = tlsSeen({ path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' } });
    const found = at({ kind: 'observed', observation: observe({ base: { tls } }) }, enforced);
    assert.equal(found.kind, 'passed');
    assert.match(found.because, /not valid \(CERT_HAS_EXPIRED\), and the MTA-STS policy of example\.test/);
  });

  it('that was not visited, or has no way to it from here, is unknown for reasons of our own', () => {
    const noRoute = observe({ base: notConnected('no-route') });
    for (const seen of [
      { kind: 'unseen', address: ADDRESS },
      { kind: 'observed', observation: noRoute },
    ] as const) {
      const found = at(seen);
      assert.ok(found.kind === 'unknown' && found.ours, JSON.stringify(found));
    }
    const silent = at({ kind: 'observed', observation: observe({ base: notConnected('timeout') }) });
    assert.ok(silent.kind === 'unknown' && !silent.ours);
  });

  it('looks at names also where nothing requires it, for a sender that does', () => {
    const signed = decisionOf(factsOf({ hosts: plain }));
    const seen: Seen = { kind: 'observed', observation: observe() };
    const door = { host: HOST, decision: signed, seen };
    const outcome = (looks: 'always' | 'where-required'): unknown => {
      const found = deliveryAt(door, { ...senderKinds.exchange, looks }, now);
      return found.kind === 'settled' ? found.outcome : found;
    };
    assert.equal(outcome('where-required'), 'encrypted');
    assert.equal(outcome('always'), 'authenticated');
  });
});

/** `cleartext`, `passed`, `unknown`, … at a host without policy. */
function cameTo(observation: Observation, sender: Sender, facts = none): string {
  const door = { host: HOST, decision: decisionOf(facts), seen: { kind: 'observed', observation } } as const;
  const found = deliveryAt(door, senderKinds[sender], now);
  return found.kind === 'settled' ? found.outcome : found.kind;
}

describe('a ClientHello that is too large', () => {
  const probes = { upToTls12: secured({ version: 'TLSv1.2' }) };

  it('a handshake that comes about with a smaller hello: only the large one is known to fail', () => {
    const seen = observe({ base: handshakeFailed(), probes });
    assert.equal(cameTo(seen, 'pq-client'), 'cleartext');
    assert.equal(cameTo(seen, 'pq-client', enforced), 'passed');
    assert.equal(cameTo(seen, 'exchange'), 'unknown');
    assert.equal(cameTo(seen, 'postfix-may'), 'unknown');
  });

  it('silence at the hello is no cleartext', () => {
    const base = endedAt({ kind: 'timeout', at: 'handshake', ms: 30_000 });
    assert.equal(cameTo(observe({ base, probes }), 'pq-client'), 'passed');
    assert.equal(cameTo(observe({ base, probes }), 'exchange'), 'unknown');
    assert.equal(cameTo(observe({ base }), 'pq-client'), 'unknown');
  });

  it('a handshake that fails with both is that of a server without TLS', () => {
    const seen = observe({ base: handshakeFailed(), probes: { upToTls12: handshakeRefused() } });
    assert.equal(cameTo(seen, 'exchange'), 'cleartext');
    assert.equal(cameTo(seen, 'pq-client'), 'cleartext');
  });
});

describe('suites that only the tester takes', () => {
  const outcomeWith = (cipher: string): string =>
    cameTo(observe({ base: { tls: tlsSeen({ version: 'TLSv1.2', cipher }) } }), 'exchange');
  for (const cipher of [
    'TLS_RSA_WITH_RC4_128_SHA',
    'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
    'TLS_RSA_EXPORT_WITH_DES40_CBC_SHA',
    'TLS_RSA_WITH_NULL_SHA256',
  ]) {
    it(`${cipher}: what else the server has was not tried`, () =>
      assert.equal(outcomeWith(cipher), 'unknown'));
  }
  for (const cipher of ['TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256']) {
    it(`${cipher}: taken`, () => assert.equal(outcomeWith(cipher), 'encrypted'));
  }
});
