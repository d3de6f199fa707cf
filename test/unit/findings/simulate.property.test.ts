import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { CheckCase } from '../../../src/findings/case.ts';
import { endpointKey } from '../../../src/findings/endpoint.ts';
import type { Visit } from '../../../src/findings/observation.ts';
import { type Sender, senders } from '../../../src/findings/senders.ts';
import { simulate } from '../../../src/findings/simulate.ts';
import { readTlsaSet } from '../../../src/policies/dane/tlsa.ts';
import type { DestinationFacts } from '../../../src/policies/destination.ts';
import { readPublicKeyInfo } from '../../../src/tls/raw-certificate.ts';
import { byMx, factsOf, hostWith, nameOf, stsOf, tlsaData } from '../../support/destinations.ts';
import {
  caseOf,
  chainFor,
  endedAt,
  handshakeFailed,
  hostCase,
  notConnected,
  observe,
  sentAway,
  tlsSeen,
  withoutStarttls,
} from '../../support/observations.ts';

const names = ['mx1.example.test', 'mx2.example.test', 'mx3.example.test'];
const chain = chainFor({ names });
const key = readPublicKeyInfo(chain[0] ?? assert.fail()) ?? assert.fail();
const inside = ['PIPELINING', 'REQUIRETLS'];

const untested: readonly Partial<Visit>[] = [
  notConnected('timeout'),
  notConnected('no-route'),
  notConnected('unreachable'),
  sentAway('throttled'),
  sentAway('blocked'),
  sentAway('refused'),
  endedAt({ kind: 'closed', at: 'greeting' }),
  endedAt({ kind: 'timeout', at: 'handshake', ms: 1 }),
];
const inClear: readonly Partial<Visit>[] = [withoutStarttls(), handshakeFailed(), notConnected('refused')];
const overTls: readonly Partial<Visit>[] = [
  { tls: tlsSeen({ chain }), inside },
  { tls: tlsSeen({ chain }), inside: ['PIPELINING'] },
  { tls: tlsSeen({ chain, version: 'TLSv1.2' }), inside },
  { tls: tlsSeen({ chain, path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' } }), inside },
  { tls: tlsSeen({ chain: chainFor({ names: ['other.test'] }) }), inside },
];
const tested = [...inClear, ...overTls];

const tlsaKinds = ['fits', 'does not fit', 'unusable', 'absent', 'unknown'] as const;

function host(name: string, kind: (typeof tlsaKinds)[number]): ReturnType<typeof hostWith> {
  if (kind !== 'fits' && kind !== 'does not fit') return hostWith(name, kind);
  const data = kind === 'fits' ? Uint8Array.of(3, 1, 0, ...key) : tlsaData(3);
  return hostWith(name, { kind: 'found', base: nameOf(name), set: readTlsaSet([data]), evidence: [] });
}

/** One to three hosts with one to three addresses each, under any policy. */
function cases(visits: readonly Partial<Visit>[]): fc.Arbitrary<CheckCase> {
  const ofHost = fc.record({
    tlsa: fc.constantFrom(...tlsaKinds),
    preference: fc.constantFrom(10, 20),
    seen: fc.array(fc.constantFrom(...visits), { minLength: 1, maxLength: 3 }),
  });
  return fc
    .record({
      hosts: fc.array(ofHost, { minLength: 1, maxLength: 3 }),
      status: fc.constantFrom('secure', 'insecure'),
      sts: fc.constantFrom('none', 'testing', 'enforce'),
      listed: fc.subarray(names, { minLength: 1 }),
    })
    .map(({ hosts: drawn, status, sts, listed }) => {
      const hosts = drawn
        .toSorted((a, b) => a.preference - b.preference)
        .map((one, index) => ({ ...one, name: names[index] ?? '' }));
      const facts: DestinationFacts = {
        ...factsOf({
          way: byMx(status, ...hosts.map(({ name }) => name)),
          ...(sts === 'none' ? {} : { sts: stsOf(sts, ...listed) }),
        }),
        hosts: hosts.map(({ name, preference, tlsa }) => ({ preference, facts: host(name, tlsa) })),
      };
      const all = hosts.map(({ name, preference, seen }, index) =>
        hostCase(
          seen.map((base, last) =>
            observe({ endpoint: { address: `192.0.2.${index * 10 + last}`, serverName: name }, base }),
          ),
          { name, preference, facts: facts.hosts[index]?.facts ?? null },
        ),
      );
      return caseOf(all, { facts });
    });
}

const delivered: ReadonlySet<string> = new Set(['authenticated', 'encrypted', 'cleartext']);

function eachSender(work: (sender: Sender) => void): void {
  for (const sender of senders) work(sender);
}

describe('whatever the hosts, the policies and the servers', () => {
  it('an outcome is never better than what the base visit of its door has shown', () => {
    fc.assert(
      fc.property(cases([...tested, ...untested]), (theCase) => {
        const { hosts } = simulate(theCase);
        for (const [index, { observations }] of theCase.hosts.entries()) {
          for (const { endpoint, base } of observations) {
            const outcomes = hosts[index]?.endpoints.get(endpointKey(endpoint)) ?? {};
            for (const { outcome } of Object.values(outcomes)) {
              if (outcome === 'authenticated' || outcome === 'encrypted') assert.notEqual(base.tls, null);
              if (outcome === 'cleartext') assert.notEqual(base.upgrade.kind, 'not-reached');
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('an outcome of delivery is that of one door that was seen, at the host that it names', () => {
    fc.assert(
      fc.property(cases([...tested, ...untested]), (theCase) => {
        const { outcomes, hosts } = simulate(theCase);
        eachSender((sender) => {
          const one = outcomes[sender] ?? assert.fail(sender);
          if (!delivered.has(one.outcome)) return;
          const at = hosts.find(({ name }) => name === one.host) ?? assert.fail(`${sender}: no host`);
          const doors = [...at.endpoints.values()].map((all) => all[sender]?.outcome);
          assert.ok(doors.includes(one.outcome), `${sender}: ${one.outcome} of ${doors.join()}`);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('unknown is never cleartext: what could not be tested gives no outcome of delivery', () => {
    fc.assert(
      fc.property(cases(untested), (theCase) => {
        const { outcomes } = simulate(theCase);
        eachSender((sender) => assert.ok(!delivered.has(outcomes[sender]?.outcome ?? ''), sender));
      }),
      { numRuns: 100 },
    );
  });

  it('a door less to be seen makes nothing certain that was not, but for the worse that is gone', () => {
    fc.assert(
      fc.property(cases(tested), fc.nat(), fc.constantFrom(...untested), (theCase, pick, base) => {
        const all = theCase.hosts.flatMap(({ observations }) => observations);
        const hidden = all[pick % all.length] ?? assert.fail();
        const blind = theCase.hosts.map((one) => ({
          ...one,
          observations: one.observations.map((seen) =>
            seen === hidden ? observe({ endpoint: seen.endpoint, base }) : seen,
          ),
        }));
        const before = simulate(theCase);
        const { outcomes } = simulate({ ...theCase, hosts: blind });
        eachSender((sender) => {
          if (outcomes[sender]?.outcome !== 'cleartext') return;
          // Some door in clear is still seen, or the mail goes there anyhow.
          const keys = all.filter((seen) => seen !== hidden).map(({ endpoint }) => endpointKey(endpoint));
          const doors = before.hosts.flatMap(({ endpoints }) =>
            keys.map((one) => endpoints.get(one)?.[sender]?.outcome),
          );
          assert.ok(doors.includes('cleartext'), sender);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('a domain whose hosts all require TLS is never reached in clear by a sender with DANE', () => {
    fc.assert(
      fc.property(cases([...tested, ...untested]), (theCase) => {
        const isDane = theCase.facts?.hosts.every(
          ({ facts }) => facts.kind === 'found' && facts.tlsa.kind === 'found',
        );
        fc.pre(isDane === true);
        assert.notEqual(simulate(theCase).outcomes['postfix-dane']?.outcome, 'cleartext');
      }),
      { numRuns: 100 },
    );
  });
});
