import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PolicyAtHost, policyAtHost, scopeOf } from '../../../src/findings/case.ts';
import { hostWith } from '../../support/destinations.ts';
import { caseOf, factsUnder, hostCase, observe, underPolicy } from '../../support/observations.ts';

describe('the policy by which senders look at a certificate', () => {
  const policies: readonly PolicyAtHost[] = ['sts-enforce', 'sts-testing', 'dane-ta', 'dane-ee', 'none'];
  for (const policy of policies) {
    it(policy, () => {
      const theCase = underPolicy(policy);
      const [host] = theCase.hosts;
      assert.ok(host !== undefined);
      assert.equal(policyAtHost(theCase, host), policy);
    });
  }

  it('RFC 8461 §2: TLSA records decide at their host, whatever the MTA-STS policy of the domain says', () => {
    const facts = factsUnder('sts-enforce');
    const host = hostCase([observe()], { facts: hostWith('mx1.example.test', 'usable') });
    assert.equal(policyAtHost(caseOf([host], { facts }), host), 'dane-ee');
  });

  it('RFC 7672 §2.2: records that authenticate nobody leave the certificate to MTA-STS', () => {
    const facts = factsUnder('sts-enforce');
    const host = hostCase([observe()], { facts: hostWith('mx1.example.test', 'unusable') });
    assert.equal(policyAtHost(caseOf([host], { facts }), host), 'sts-enforce');
  });

  it('an address has none', () => {
    const host = hostCase([observe()], { facts: null });
    assert.equal(policyAtHost(caseOf([host], { facts: null }), host), 'none');
  });
});

it('the scope of what was seen at a door', () => {
  const seen = observe({ endpoint: { address: '192.0.2.9', port: 2525 } });
  assert.deepEqual(scopeOf(hostCase([seen]), seen), {
    host: 'mx1.example.test',
    address: '192.0.2.9',
    port: 2525,
  });
});
