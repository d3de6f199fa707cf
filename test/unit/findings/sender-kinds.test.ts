import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seenBy, senderKinds } from '../../../src/findings/sender-kinds.ts';
import { type Sender, senders } from '../../../src/findings/senders.ts';
import { decideAll } from '../../../src/policies/combine.ts';
import { byMx, factsOf, hostWith, overrideOf, stsOf } from '../../support/destinations.ts';

const HOST = 'mx1.example.test';
const facts = (status: 'secure' | 'insecure', mode: 'enforce' | 'testing' = 'enforce') =>
  factsOf({
    way: byMx(status, HOST),
    hosts: [hostWith(HOST, 'usable'), hostWith('mx2.example.test', 'unknown')],
    sts: stsOf(mode, HOST),
    override: overrideOf('off'),
  });

/** TLSA of both hosts, what is proven of the MX records, the mode of the policy. */
function seen(sender: Sender, told: ReturnType<typeof facts>): string {
  const { way, hosts, sts, override } = seenBy(told, senderKinds[sender]);
  assert.equal(override, undefined);
  const tlsa = hosts.map(({ facts: host }) => (host.kind === 'found' ? host.tlsa.kind : host.kind));
  const mode = sts.kind === 'policy' ? sts.known.policy.mode : 'no policy';
  return [...tlsa, way.kind === 'hosts' ? way.status : way.kind, mode].join(', ');
}

describe('what each sender looks at', () => {
  const expected: Record<Sender, readonly [signed: string, unsigned: string]> = {
    'postfix-may': ['absent, absent, insecure, no policy', 'absent, absent, insecure, no policy'],
    'postfix-dane': ['found, unknown, secure, no policy', 'found, unknown, insecure, no policy'],
    'mta-sts': ['absent, absent, insecure, enforce', 'absent, absent, insecure, enforce'],
    exchange: ['found, unknown, secure, enforce', 'absent, absent, insecure, enforce'],
    requiretls: ['found, unknown, secure, enforce', 'found, unknown, insecure, enforce'],
    'tls13-only': ['found, unknown, secure, enforce', 'absent, absent, insecure, enforce'],
    'pq-client': ['found, unknown, secure, enforce', 'absent, absent, insecure, enforce'],
  };
  for (const sender of senders) {
    it(`${sender}, at a signed domain and at an unsigned one`, () => {
      assert.deepEqual([seen(sender, facts('secure')), seen(sender, facts('insecure'))], expected[sender]);
    });
  }

  it('RFC 8461 §4.1: in testing a policy names hosts for REQUIRETLS, where DNSSEC does not', () => {
    assert.match(seen('requiretls', facts('insecure', 'testing')), /enforce$/);
    assert.match(seen('requiretls', facts('secure', 'testing')), /testing$/);
    // What is said of it is what it says.
    const rules = { route: undefined, defaultLevel: 'may' } as const;
    const told = (mode: 'enforce' | 'testing'): string => {
      const hosts = [hostWith(HOST, 'absent')];
      const view = factsOf({ way: byMx('insecure', HOST), hosts, sts: stsOf(mode, HOST) });
      const [first] = decideAll(seenBy(view, senderKinds.requiretls), rules).hosts;
      return first?.kind === 'use' ? first.decision.because : assert.fail();
    };
    assert.match(told('testing'), /\(testing, id 1\) lists mx1/);
    assert.match(told('enforce'), /\(enforce, id 1\) lists mx1/);
    assert.match(seen('mta-sts', facts('insecure', 'testing')), /testing$/);
  });
});
