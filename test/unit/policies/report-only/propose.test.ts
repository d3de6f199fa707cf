import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { propose, trial } from '../../../../src/policies/report-only/propose.ts';
import type { SeenCount, SeenSession } from '../../../../src/policies/report-only/seen.ts';
import { DOMAIN } from '../../../support/destinations.ts';
import { countOf, seenOf } from '../../../support/seen.ts';
import { MX1 } from '../../../support/tracks.ts';

const terms = { leastDays: 7, leastSessions: 20 };
const dayOf = (day: number): string => `2026-11-${String(day).padStart(2, '0')}`;

/** Two weeks with three sessions a day. */
function fortnight(of: (day: number) => SeenSession | null): SeenCount[] {
  return Array.from({ length: 14 }, (_, day) => countOf(dayOf(day + 1), of(day + 1), 3));
}

const proven = seenOf({ certificate: { path: 'trusted', names: [DOMAIN], more: false } });

/** `authenticate 42/0/0 safe`: passed, blocked, unknown. */
function shown(counts: readonly SeenCount[], change: Partial<typeof terms> = {}): string[] {
  const { trials, level } = propose(DOMAIN, counts, { ...terms, ...change });
  return [
    `level ${level ?? '-'}`,
    ...trials.map(
      (one) => `${one.rule} ${one.passed}/${one.blocked}/${one.unknown}${one.safe ? ' safe' : ''}`,
    ),
  ];
}

describe('what is proposed', () => {
  it('the strictest level that every session of enough days has reached', () => {
    assert.deepEqual(shown(fortnight(() => proven)), [
      'level authenticate',
      'authenticate 42/0/0 safe',
      'encrypt 42/0/0 safe',
    ]);
    assert.deepEqual(shown(fortnight(() => seenOf())), [
      'level encrypt',
      'authenticate 0/42/0',
      'encrypt 42/0/0 safe',
    ]);
  });

  it('nothing by fewer days, or fewer sessions', () => {
    assert.equal(
      shown(
        fortnight(() => proven),
        { leastDays: 14 },
      )[0],
      'level authenticate',
    );
    assert.equal(
      shown(
        fortnight(() => proven),
        { leastDays: 15 },
      )[0],
      'level -',
    );
    assert.equal(
      shown(
        fortnight(() => proven),
        { leastSessions: 42 },
      )[0],
      'level authenticate',
    );
    assert.equal(
      shown(
        fortnight(() => proven),
        { leastSessions: 43 },
      )[0],
      'level -',
    );
  });

  it('nothing that one session speaks against, with the day and the reason', () => {
    const counts = fortnight((day) => (day === 9 ? seenOf({ tls: 'clear' }) : proven));
    const { trials, level } = propose(DOMAIN, counts, terms);
    assert.equal(level, null);
    assert.deepEqual(trials[1], {
      rule: 'encrypt',
      passed: 39,
      blocked: 3,
      unknown: 0,
      blockedOn: ['2026-11-09'],
      because: `${MX1} had no TLS to offer`,
      safe: false,
    });
  });

  it('nothing where it is not known what some sessions have shown', () => {
    const counts = fortnight((day) => (day === 9 ? null : proven));
    assert.deepEqual(shown(counts), ['level -', 'authenticate 39/0/3', 'encrypt 39/0/3']);
  });

  it('tells of a policy that is only tested, and of the memory, where they have something to say', () => {
    const sts = { mode: 'testing', lists: true } as const;
    const memory = { level: 'encrypt', own: true } as const;
    assert.deepEqual(shown(fortnight((day) => seenOf(day > 7 ? { sts, memory } : {}))), [
      'level encrypt',
      'authenticate 0/42/0',
      'encrypt 42/0/0 safe',
      'sts 21/0/0 safe',
      'memory 21/0/0 safe',
    ]);
  });

  it('a domain of which nothing is known has no trials', () => {
    assert.deepEqual(propose(DOMAIN, [], terms), {
      domain: DOMAIN,
      days: 0,
      sessions: 0,
      trials: [],
      level: null,
    });
    assert.equal(
      trial(
        { rule: 'sts', names: [] },
        fortnight(() => proven),
        true,
      ),
      undefined,
    );
  });
});
