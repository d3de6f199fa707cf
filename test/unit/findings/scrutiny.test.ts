import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckCase } from '../../../src/findings/case.ts';
import { placesOf } from '../../../src/findings/place.ts';
import { effectAt, type Scrutiny, scrutinyAt, severityAt } from '../../../src/findings/scrutiny.ts';
import { hostTarget, observe, underPolicy } from '../../support/observations.ts';

const placeOf = (theCase: CheckCase): ReturnType<typeof placesOf>[number] =>
  placesOf(theCase)[0] ?? assert.fail('there is no place');
/** DANE and MTA-STS at once. */
const both = (dane: 'dane-ee' | 'dane-ta', sts: 'sts-enforce' | 'sts-testing'): CheckCase => {
  const [one, other] = [underPolicy(dane), underPolicy(sts)];
  assert.ok(one.facts !== null && other.facts !== null);
  return { ...one, facts: { ...one.facts, sts: other.facts.sts } };
};

describe('who looks at the certificate', () => {
  const cases: readonly (readonly [string, CheckCase, Scrutiny, string])[] = [
    ['no policy', underPolicy('none'), 'none', 'low'],
    ['MTA-STS in testing', underPolicy('sts-testing'), 'sts-testing', 'medium'],
    ['MTA-STS in enforce', underPolicy('sts-enforce'), 'sts-enforce', 'critical'],
    ['TLSA records of usage 2', underPolicy('dane-ta'), 'dane-ta', 'critical'],
    ['TLSA records of usage 3', underPolicy('dane-ee'), 'dane-ee', 'info'],
    // There are senders that know only MTA-STS: for them nothing is less strict.
    ['usage 3 beside enforce', both('dane-ee', 'sts-enforce'), 'sts-enforce', 'critical'],
    ['usage 3 beside testing', both('dane-ee', 'sts-testing'), 'sts-testing', 'medium'],
    ['usage 2 beside testing', both('dane-ta', 'sts-testing'), 'dane-ta', 'critical'],
    ['IMAP', hostTarget([observe({ endpoint: { protocol: 'imap' } })]), 'clients', 'critical'],
    ['submission', hostTarget([observe({ endpoint: { protocol: 'submission' } })]), 'clients', 'critical'],
    ['LMTP', hostTarget([observe({ endpoint: { protocol: 'lmtp' } })]), 'none', 'low'],
    ['PostgreSQL', hostTarget([observe({ endpoint: { protocol: 'postgres' } })]), 'none', 'low'],
  ];
  for (const [what, theCase, scrutiny, severity] of cases) {
    it(`${what}: ${scrutiny}, ${severity}`, () => {
      const place = placeOf(theCase);
      assert.equal(scrutinyAt(place), scrutiny);
      assert.equal(severityAt(place, { none: 'low' }), severity);
      assert.match(effectAt(place), /\.$/);
    });
  }

  it('a fault may mean something else to some', () => {
    assert.equal(severityAt(placeOf(underPolicy('dane-ta')), { none: 'low', ta: 'info' }), 'info');
    assert.equal(severityAt(placeOf(underPolicy('dane-ee')), { none: 'low', ee: 'high' }), 'high');
    assert.equal(severityAt(placeOf(underPolicy('sts-testing')), { none: 'low', testing: 'low' }), 'low');
  });
});
