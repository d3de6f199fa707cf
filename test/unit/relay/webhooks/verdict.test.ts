import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Course, GIVE_UP_AFTER_MS, verdictOn } from '../../../../src/relay/webhooks/verdict.ts';

const now = Date.parse('2026-11-28T12:00:00Z');
const first: Course = { attempts: 1, failures: 1, ageMs: 0, random: 0.5, now };
const answered = (status: number, retryAfter?: string) => ({ kind: 'answered', status, retryAfter }) as const;
const failed = { kind: 'failed', because: 'connect ECONNREFUSED' } as const;

function pauseAfter(outcome: Parameters<typeof verdictOn>[0], course: Partial<Course> = {}): number {
  const verdict = verdictOn(outcome, { ...first, ...course });
  assert.ok(verdict.kind === 'again', JSON.stringify(verdict));
  return verdict.afterMs;
}

describe('the answer to a request', () => {
  it('2xx is that it was taken', () => {
    for (const status of [200, 202, 204, 299]) assert.equal(verdictOn(answered(status), first).kind, 'done');
  });

  it('is no yes where it is something else, a redirect too', () => {
    for (const status of [199, 300, 302, 307, 404, 500, 503]) {
      assert.equal(verdictOn(answered(status), first).kind, 'again', String(status));
    }
    assert.equal(verdictOn(failed, first).kind, 'again');
  });

  it('410 is that nothing is wanted any more, at once', () => {
    assert.equal(verdictOn(answered(410), first).kind, 'gone');
  });

  it('5 seconds, then twice as long each time, an hour at most', () => {
    const pauses = Array.from({ length: 14 }, (_, index) => pauseAfter(failed, { failures: index + 1 }));
    assert.deepEqual(pauses.slice(0, 4), [5_000, 10_000, 20_000, 40_000]);
    assert.deepEqual(pauses.slice(-3), [3_600_000, 3_600_000, 3_600_000]);
    assert.equal(pauseAfter(failed, { failures: 1_000_000 }), 3_600_000);
  });

  it('a fifth less or more, so that not all come back at once', () => {
    assert.equal(pauseAfter(failed, { random: 0 }), 4_000);
    assert.ok(pauseAfter(failed, { random: 0.999_999 }) <= 6_000);
  });

  it('RFC 9110 §10.2.3: 429 and 503 say by Retry-After how long to wait, in seconds or as a date', () => {
    for (const status of [429, 503]) {
      assert.equal(pauseAfter(answered(status, '120')), 120_000);
      assert.equal(pauseAfter(answered(status, 'Sat, 28 Nov 2026 12:02:00 GMT')), 120_000);
      assert.equal(pauseAfter(answered(status, '0')), 5_000);
      assert.equal(pauseAfter(answered(status, 'Sat, 28 Nov 2026 11:00:00 GMT')), 5_000);
      assert.equal(pauseAfter(answered(status, 'soon')), 5_000);
      assert.equal(pauseAfter(answered(status, '999999999')), 3_600_000, 'nobody makes us wait for years');
    }
    assert.equal(pauseAfter(answered(500, '120')), 5_000);
  });

  it('400, 413, 415 and 422 are about this request: after six of them it is given up, others are not', () => {
    for (const status of [400, 413, 415, 422]) {
      assert.equal(verdictOn(answered(status), { ...first, attempts: 5 }).kind, 'again');
      assert.equal(verdictOn(answered(status), { ...first, attempts: 6 }).kind, 'dead');
    }
    for (const status of [401, 403, 404, 500]) {
      assert.equal(verdictOn(answered(status), { ...first, attempts: 60 }).kind, 'again');
    }
  });

  it('three days old is too old, a moment less is not', () => {
    assert.equal(verdictOn(failed, { ...first, ageMs: GIVE_UP_AFTER_MS - 1 }).kind, 'again');
    assert.equal(verdictOn(failed, { ...first, ageMs: GIVE_UP_AFTER_MS }).kind, 'expired');
    assert.equal(verdictOn(answered(200), { ...first, ageMs: GIVE_UP_AFTER_MS }).kind, 'done');
  });

  it('is waited for between 4 seconds and 72 minutes, whatever the receiver says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        fc.option(fc.string(), { nil: undefined }),
        fc.nat(1_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (status, retryAfter, failures, random) => {
          const verdict = verdictOn(answered(status, retryAfter), {
            ...first,
            failures: failures + 1,
            random,
          });
          assert.ok(verdict.kind !== 'again' || (verdict.afterMs >= 4_000 && verdict.afterMs <= 4_320_000));
        },
      ),
    );
  });
});
