import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { caseOf, type Seen, serverNameOf } from '../../../src/findings/learn.ts';
import { factsOf, hostWith, nameOf } from '../../support/destinations.ts';
import { observe } from '../../support/observations.ts';

const domain = { kind: 'domain', domain: nameOf('example.test') } as const;
const nothing: Seen = { target: domain, depth: 'standard', intrusive: false, observations: [], skipped: [] };

describe('a case', () => {
  it('gives each host what was seen under its name: two hosts may share an address', () => {
    const facts = factsOf({
      hosts: [hostWith('mx1.example.test', 'absent'), hostWith('mx2.example.test', 'absent')],
    });
    const observations = ['mx1.example.test', 'mx2.example.test', 'mx3.example.test'].map((serverName) =>
      observe({ endpoint: { serverName, address: '192.0.2.1' } }),
    );
    const { hosts } = caseOf({ ...nothing, observations }, facts, 0);
    assert.deepEqual(
      hosts.map((host) => [host.name, host.observations.map(({ endpoint }) => endpoint.serverName)]),
      [
        ['mx1.example.test', ['mx1.example.test']],
        ['mx2.example.test', ['mx2.example.test']],
      ],
    );
  });

  it('keeps what is of other addresses out, and who was left alone with its host', () => {
    const facts = factsOf({ hosts: [hostWith('mx1.example.test', 'absent')] });
    const stranger = observe({ endpoint: { serverName: 'mx1.example.test', address: '192.0.2.99' } });
    const skipped = [
      {
        kind: 'opted-out',
        address: '192.0.2.1',
        port: 25,
        because: 'of the test',
        retryAt: null,
        host: 'mx1.example.test',
      },
      {
        kind: 'opted-out',
        address: '192.0.2.1',
        port: 25,
        because: 'of the test',
        retryAt: null,
        host: 'mx2.example.test',
      },
    ] as const;
    const [host] = caseOf({ ...nothing, observations: [stranger], skipped }, facts, 0).hosts;
    assert.equal(host?.observations.length, 0);
    assert.equal(host?.skipped.length, 1);
  });

  it('decides as a sender without rules of its own', () => {
    const facts = factsOf({ hosts: [hostWith('mx1.example.test', 'usable')] });
    const { verdict, hosts } = caseOf(nothing, facts, 0);
    assert.equal(verdict?.kind, 'deliver');
    const [host] = hosts;
    assert.ok(host?.verdict?.kind === 'use');
    assert.equal(host.verdict.decision.by, 'dane');
    assert.equal(serverNameOf(host), 'mx1.example.test');
  });

  it('has no policy for an address', () => {
    const target = {
      kind: 'address',
      address: '192.0.2.7',
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    const seen = observe({ endpoint: { address: '192.0.2.7', serverName: null } });
    const { facts, verdict, hosts } = caseOf({ ...nothing, target, observations: [seen] }, null, 0);
    assert.deepEqual([facts, verdict], [null, null]);
    assert.deepEqual(
      hosts.map(({ name, observations }) => [name, observations.length]),
      [['192.0.2.7', 1]],
    );
  });
});
