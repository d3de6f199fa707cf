import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  defaultSchedule,
  isExpired,
  isLate,
  nextAttemptAt,
  type Schedule,
} from '../../../src/queue/schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const exact: Schedule = { ...defaultSchedule, jitter: 0 };

describe('the retry schedule', () => {
  it('RFC 5321 §4.5.4.1: "the give-up time generally needs to be at least 4-5 days"', () => {
    assert.ok(defaultSchedule.giveUpAfterMs >= 4 * DAY);
  });

  it('grows, and repeats its last delay', () => {
    const delays = Array.from({ length: 10 }, (_, failed) => nextAttemptAt(0, failed + 1, 0, exact) / MINUTE);
    assert.deepEqual(delays, [1, 5, 10, 20, 30, 60, 120, 240, 240, 240]);
  });

  it('stretches a delay by at most its jitter, and never shortens it', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 41 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (now, failed, random) => {
          const earliest = nextAttemptAt(now, failed, 0, exact);
          const at = nextAttemptAt(now, failed, random, defaultSchedule);
          assert.ok(at >= earliest && at <= now + (earliest - now) * (1 + defaultSchedule.jitter));
          assert.ok(Number.isInteger(at), 'the store keeps whole milliseconds');
        },
      ),
    );
  });

  for (const { why, of, limit } of [
    { why: 'is expired from the give-up age on', of: isExpired, limit: defaultSchedule.giveUpAfterMs },
    { why: 'is late from the warning age on', of: isLate, limit: defaultSchedule.warnAfterMs },
  ]) {
    it(`a message ${why}, not a millisecond before`, () => {
      assert.equal(of(1000 + limit - 1, 1000, defaultSchedule), false);
      assert.equal(of(1000 + limit, 1000, defaultSchedule), true);
    });
  }

  it('warns before it gives up', () => {
    assert.ok(defaultSchedule.warnAfterMs < defaultSchedule.giveUpAfterMs);
  });
});
