import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  FailureDetail,
  PolicyResult,
  SessionResult,
} from '../../../../src/reports/tls-rpt/session-result.ts';
import { createTally, dayOf, typeAlone } from '../../../../src/reports/tls-rpt/tally.ts';

const NOON = Date.parse('2026-11-28T12:00:00Z');
const sts = {
  type: 'sts',
  domain: 'far.test',
  strings: ['mode: enforce'],
  mxHosts: ['mx.far.test'],
} as const;
const tlsa = { type: 'tlsa', domain: 'mx.far.test', strings: ['3 1 1 ab'], mxHosts: [] } as const;
const broken: FailureDetail = { ...typeAlone({ type: 'validation-failure' }), reason: 'it broke' };

function session(...policies: readonly PolicyResult[]): SessionResult {
  return { domain: 'far.test', record: null, policies };
}

const won = (policy: PolicyResult['policy']): PolicyResult => ({ policy, failures: [], final: 'success' });
const lost = (policy: PolicyResult['policy'], ...failures: readonly FailureDetail[]): PolicyResult => ({
  policy,
  failures,
  final: 'failure',
});

describe('createTally', () => {
  it('one session is one success or one failure under each of its policies, whatever failures it tells', () => {
    const tally = createTally();
    tally.add(session(won(tlsa), lost(sts, broken, broken)), 'waxwing', NOON);
    tally.add(session(won(tlsa), won(sts)), 'waxwing', NOON);
    const common = { day: '2026-11-28', source: 'waxwing', domain: 'far.test', record: null };
    assert.deepEqual(tally.take(), [
      { ...common, policy: tlsa, successes: 2, failures: 0, details: [] },
      { ...common, policy: sts, successes: 1, failures: 1, details: [{ detail: broken, sessions: 2 }] },
    ]);
    assert.deepEqual(tally.take(), []);
  });

  it('a failure may stand beside a final success', () => {
    const tally = createTally();
    tally.add(session({ policy: sts, failures: [broken], final: 'success' }), 'postfix', NOON);
    const [count] = tally.take();
    assert.deepEqual([count?.successes, count?.failures, count?.details.length], [1, 0, 1]);
  });

  it('keeps days, sources and records apart', () => {
    const tally = createTally();
    tally.add(session(won(sts)), 'waxwing', NOON);
    tally.add(session(won(sts)), 'waxwing', NOON + 12 * 3_600_000 - 1);
    tally.add(session(won(sts)), 'waxwing', NOON + 12 * 3_600_000);
    tally.add(session(won(sts)), 'postfix', NOON);
    tally.add({ ...session(won(sts)), record: 'v=TLSRPTv1; rua=mailto:a@far.test' }, 'postfix', NOON);
    assert.deepEqual(
      tally.take().map(({ day, source, record, successes }) => [day, source, record, successes]),
      [
        ['2026-11-28', 'waxwing', null, 2],
        ['2026-11-29', 'waxwing', null, 1],
        ['2026-11-28', 'postfix', null, 1],
        ['2026-11-28', 'postfix', 'v=TLSRPTv1; rua=mailto:a@far.test', 1],
      ],
    );
  });

  it('tells failures behind the 64th by their type alone', () => {
    const tally = createTally();
    for (let n = 0; n < 70; n += 1)
      tally.add(session(lost(sts, { ...broken, reason: `reason ${n}` })), 'waxwing', NOON);
    const details = tally.take()[0]?.details ?? [];
    assert.equal(details.length, 65);
    assert.deepEqual(details.at(-1), { detail: typeAlone(broken), sessions: 6 });
  });

  it('keeps of a policy the lines that fit into 65,536 characters, and of other texts 500', () => {
    const tally = createTally();
    const strings = Array.from({ length: 3000 }, () => 'mx: a-host-with-a-long-name.far.test');
    tally.add(session(lost({ ...sts, strings }, { ...broken, reason: 'x'.repeat(501) })), 'waxwing', NOON);
    const [count] = tally.take();
    assert.equal(count?.policy.strings.length, Math.floor(65_536 / 37));
    assert.equal(count?.details[0]?.detail.reason, `${'x'.repeat(500)}…`);
  });

  it('is full before what has gathered takes more than a few megabytes, and empty once that is taken', () => {
    const tally = createTally();
    let added = 0;
    while (!tally.isFull) {
      tally.add({ ...session(won(sts)), domain: `${'d'.repeat(50)}${added}.test` }, 'waxwing', NOON);
      added += 1;
    }
    assert.ok(added > 10_000 && added < 40_000, String(added));
    tally.take();
    assert.equal(tally.isFull, false);
  });
});

describe('dayOf', () => {
  it('is the day in UTC (RFC 8460 §4.1)', () => {
    assert.equal(dayOf(Date.parse('2026-12-31T23:59:59.999Z')), '2026-12-31');
    assert.equal(dayOf(Date.parse('2027-01-01T00:00:00.000Z')), '2027-01-01');
  });
});
