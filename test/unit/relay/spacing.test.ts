import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { array, assert as check, integer, property } from 'fast-check';
import { spacing } from '../../../src/relay/spacing.ts';

const MINUTE = 60_000;

/** Takes as soon as that may be, but `late` ms later each time. @returns when each was. */
function takenAt(perMinute: number, count: number, late = 0): number[] {
  const one = spacing(perMinute, 0);
  return Array.from({ length: count }, () => {
    const at = one.readyAt + late;
    one.take(at);
    return at;
  });
}

describe('so many a minute', () => {
  it('are evenly spaced', () => {
    assert.deepEqual(takenAt(4, 5), [0, 15_000, 30_000, 45_000, 60_000]);
  });

  it('are exactly so many in each minute for ever, whether or not a minute can be divided by them', () => {
    for (const perMinute of [1, 7, 60, 59_999, 60_000]) {
      const times = takenAt(perMinute, perMinute * 3);
      for (const minute of [0, 1, 2]) {
        const inIt = times.filter((at) => at >= minute * MINUTE && at < (minute + 1) * MINUTE);
        assert.equal(inIt.length, perMinute, `${perMinute} in minute ${minute}`);
      }
    }
  });

  it('a timer that is always a little late does not make them fewer', () => {
    const times = takenAt(100, 100 * 60, 250);
    assert.equal(times.at(-1), 60 * MINUTE - 600 + 250);
  });

  it('are as many of several processes together, each of which spaces its part', () => {
    for (const [perMinute, of] of [
      [7, 3],
      [60, 4],
      [1, 5],
    ] as const) {
      const times = Array.from({ length: of }, () => {
        const one = spacing(perMinute, 0, of);
        return Array.from({ length: perMinute * 4 }, () => {
          const at = one.readyAt;
          one.take(at);
          return at;
        });
      }).flat();
      // From the second round of `of` minutes on, as each process begins with one at once.
      const round = times.filter((at) => at >= of * MINUTE && at < 2 * of * MINUTE);
      assert.equal(round.length, perMinute * of, `${perMinute} a minute of ${of}`);
    }
  });

  it('a pause is not made up for', () => {
    const one = spacing(60, 0);
    one.take(0);
    one.take(10 * MINUTE);
    assert.equal(one.readyAt, 10 * MINUTE + 1_000);
  });

  it('a clock that goes back is no reason to wait until it has come up again', () => {
    const one = spacing(60, 10 * MINUTE);
    one.take(10 * MINUTE);
    one.take(0);
    assert.equal(one.readyAt, 1_000);
  });

  it('never are more than one above that in any minute, whoever comes when', () => {
    const waits = array(integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 200 });
    check(
      property(integer({ min: 1, max: 200 }), waits, (perMinute, delays) => {
        const one = spacing(perMinute, 0);
        let now = 0;
        const times = delays.map((delay) => {
          now = Math.max(now + delay, one.readyAt);
          one.take(now);
          return now;
        });
        for (const from of times) {
          const inMinute = times.filter((at) => at >= from && at < from + MINUTE).length;
          assert.ok(inMinute <= perMinute + 1, `${inMinute} from ${from} on`);
        }
      }),
    );
  });
});
