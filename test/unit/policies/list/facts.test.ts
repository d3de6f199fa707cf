import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isInForce, listFor, trustedOnly } from '../../../../src/policies/list/facts.ts';
import { DOMAIN } from '../../../support/destinations.ts';
import { DAY, keptOf, listHead, NOON } from '../../../support/lists.ts';

describe('what a list means for a domain', () => {
  const kept = keptOf('enforce', 'mx1.example.test', '.mx.example.test');

  it('is its policy, with the list that it stands in', () => {
    const facts = listFor(DOMAIN, kept, NOON);
    assert.equal(facts.kind === 'policy' && facts.until, NOON + 14 * DAY);
    assert.equal(
      facts.because,
      'the policy list names example.test: enforce, mxs mx1.example.test, .mx.example.test',
    );
    assert.deepEqual(facts.evidence, [
      'the list of Example, made at 2026-11-28T12:00:00Z, signed by 0123456789abcdef, from /etc/waxwing/policy.json; it holds until 2026-12-12T12:00:00Z',
    ]);
  });

  it('says under which alias, and names five hosts at most', () => {
    const many = keptOf('testing', 'a.test', 'b.test', 'c.test', 'd.test', 'e.test', 'f.test');
    const listed = many.listed === undefined ? undefined : { ...many.listed, alias: 'big' };
    assert.equal(
      listFor(DOMAIN, { head: { ...listHead, author: null }, listed }, NOON).because,
      'the policy list names example.test under the alias "big": testing, mxs a.test, b.test, c.test, d.test, e.test and 1 more',
    );
  });

  it('is nothing where no list was accepted', () =>
    assert.deepEqual(listFor(DOMAIN, { head: undefined, listed: undefined }, NOON), {
      kind: 'none',
      because: 'no policy list that one of list.keys has signed was accepted so far',
      evidence: [],
    }));

  it('is nothing where it does not name the domain', () => {
    const facts = listFor(DOMAIN, { head: listHead, listed: undefined }, NOON);
    assert.deepEqual([facts.kind, facts.because], ['none', 'example.test is not on the policy list']);
  });

  it('is nothing once the list is over, at that very millisecond', () => {
    const end = NOON + 14 * DAY;
    assert.equal(listFor(DOMAIN, kept, end - 1).kind, 'policy');
    assert.equal(listFor(DOMAIN, kept, end).kind, 'expired');
    assert.equal(
      listFor(DOMAIN, kept, end).because,
      'the policy list ended at 2026-12-12T12:00:00Z, and no newer one could be had',
    );
  });

  it('is nothing where the list was seen to end, whatever the clock says by now', () => {
    const ended = { ...kept, head: { ...listHead, ended: true } };
    assert.equal(listFor(DOMAIN, ended, NOON).kind, 'expired');
    assert.equal(isInForce(ended.head, NOON), false);
  });
});

describe('a list that is kept', () => {
  const kept = { ...keptOf('enforce', 'mx1.example.test'), head: { ...listHead, signers: ['a', 'b'] } };

  it('counts as long as one who has signed it is trusted', () => {
    assert.equal(trustedOnly(kept, new Set(['b', 'c'])), kept);
    assert.deepEqual(trustedOnly(kept, new Set(['c'])), { head: undefined, listed: undefined });
    assert.deepEqual(trustedOnly({ head: undefined, listed: kept.listed }, new Set(['a'])), {
      head: undefined,
      listed: undefined,
    });
  });
});
