import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultSchedule } from '../../../src/queue/schedule.ts';
import { type ClockWatch, clockWatch } from '../../../src/relay/clock-watch.ts';
import type { Pause } from '../../../src/store/queue-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = Date.UTC(2026, 10, 29);
/** Four hours, stretched by a fifth. */
const LONGEST = 4.8 * HOUR;

const queue = (due: number | undefined, ...pauses: readonly Pause[]): Parameters<ClockWatch>[1] => ({
  nextDue: () => Promise.resolve(due),
  pauses: () => Promise.resolve(pauses),
});

describe('a clock that is set back', () => {
  it('is noticed at the next look, by how much; seconds are none', async () => {
    const look = clockWatch();
    const at = (time: number): Promise<number> => look(time, queue(undefined), defaultSchedule);
    assert.equal(await at(now), 0);
    assert.equal(await at(now + 1_000), 0);
    assert.equal(await at(now + 1_000 - DAY), DAY);
    assert.equal(await at(now + 2_000 - DAY), 0);
    assert.equal(await at(now + 2_000 - DAY - 4_999), 0);
    assert.equal(await at(now + 2_000 - DAY - 4_999 - 5_000), 5_000);
  });

  it('forward is not back', async () => {
    const look = clockWatch();
    assert.equal(await look(now, queue(now), defaultSchedule), 0);
    assert.equal(await look(now + DAY, queue(now), defaultSchedule), 0);
  });

  it('is noticed at the start where all of the queue is put off for longer than the schedule can', async () => {
    const first = (due: number | undefined, ...pauses: readonly Pause[]): Promise<number> =>
      clockWatch()(now, queue(due, ...pauses), defaultSchedule);
    assert.equal(await first(now + DAY), DAY);
    assert.equal(await first(now + LONGEST + 1), LONGEST + 1);
    assert.equal(await first(now + LONGEST), 0);
    assert.equal(await first(now - DAY), 0);
    assert.equal(await first(undefined), 0);
    const short = { ...defaultSchedule, retryAfterMs: [1_000] };
    assert.equal(await clockWatch()(now, queue(now + 4_999), short), 0);
  });

  it('is not taken for it where an operator has paused what is due first', async () => {
    const pause = { destination: 'far.test', until: now + DAY };
    assert.equal(await clockWatch()(now, queue(now + DAY, pause), defaultSchedule), 0);
    assert.equal(await clockWatch()(now, queue(now + 2 * DAY, pause), defaultSchedule), 2 * DAY);
  });
});
