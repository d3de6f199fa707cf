import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideAll, type Rules } from '../../../../src/policies/combine.ts';
import { messageDemand } from '../../../../src/policies/message.ts';
import {
  type Promotion,
  promotionState,
  rollbackReason,
} from '../../../../src/policies/report-only/promotion.ts';
import { DOMAIN, factsOf, hostWith, overrideOf, stsOf, type Told } from '../../../support/destinations.ts';
import { DAY, LAST, MX1 } from '../../../support/tracks.ts';

const promotion: Promotion = {
  domain: DOMAIN,
  level: 'encrypt',
  setAt: LAST,
  until: LAST + 14 * DAY,
  reason: 'a fortnight without a failure',
  mostBlocked: 2,
  blocked: 0,
  endedAt: null,
  endedBecause: null,
};

describe('a promoted level', () => {
  it('ends with its time, or before', () => {
    assert.equal(promotionState(promotion, LAST), 'in-force');
    assert.equal(promotionState(promotion, promotion.until), 'over');
    assert.equal(promotionState({ ...promotion, endedAt: LAST + 1 }, LAST + 2), 'rolled-back');
  });

  it('is taken back where it has blocked more than was said to be bearable', () => {
    assert.equal(rollbackReason({ ...promotion, blocked: 2 }, LAST), undefined);
    assert.equal(
      rollbackReason({ ...promotion, blocked: 3 }, LAST),
      'it has blocked 3 recipients, and 2 were said to be bearable',
    );
    assert.equal(rollbackReason({ ...promotion, blocked: 3 }, promotion.until), undefined);
    assert.equal(rollbackReason({ ...promotion, blocked: 3, endedAt: LAST }, LAST), undefined);
  });
});

describe('what a promoted level demands', () => {
  function decided(level: Promotion['level'], told: Told = {}, rules: Partial<Rules> = {}): string {
    const facts = { ...factsOf(told), promotion: { ...promotion, level } };
    const [first] = decideAll(facts, { route: undefined, defaultLevel: 'may', ...rules }).hosts;
    if (first?.kind !== 'use') return `avoided by ${first?.by}`;
    return `${first.decision.requires} by ${first.decision.by}`;
  }

  it('raises, and says whose word it is', () => {
    assert.equal(decided('encrypt'), 'encrypt by override');
    assert.equal(decided('authenticate'), 'authenticate by override');
    const facts = { ...factsOf(), promotion };
    const { because } = decideAll(facts, { route: undefined, defaultLevel: 'may' });
    assert.equal(
      because,
      'an operator has put encrypt in force for example.test until 2026-12-12T12:00:00Z, by what was seen: a fortnight without a failure',
    );
  });

  it('never lowers: not what the domain has published, nor the default', () => {
    assert.equal(decided('encrypt', { hosts: [hostWith(MX1, 'usable')] }), 'authenticate by dane');
    assert.equal(decided('encrypt', { sts: stsOf('enforce', MX1) }), 'authenticate by sts');
    assert.equal(decided('encrypt', { sts: stsOf('enforce', 'other.test') }), 'avoided by sts');
    assert.equal(decided('encrypt', {}, { defaultLevel: 'authenticate' }), 'authenticate by default');
  });

  it('an override stands over it; RFC 8689 §3: TLS-Required: No lifts no word of an operator', () => {
    assert.equal(decided('encrypt', { override: overrideOf('may') }), 'none by override');
    const message = messageDemand('optional', 'enforce', false);
    assert.equal(decided('encrypt', {}, { message }), 'encrypt by override');
  });
});
