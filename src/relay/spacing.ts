/** So many a minute, evenly spaced, counted exactly: no rounding adds up, however long it goes on. */

export interface Spacing {
  readonly perMinute: number;
  /** How many processes share it. */
  readonly of: number;
  /** The earliest moment at which the next one may begin, ms; not later than now where that is now. */
  readonly readyAt: number;
  /** One begins. */
  take(now: number): void;
}

const MINUTE_MS = 60_000;

/**
 * The one with the number k since `base` may begin at `base` + k minutes / `perMinute`.
 *
 * Somebody who comes late does not move those that follow, as long as he is late by less than one space: a timer that is
 * always a little late would make the rate lower. So no minute has more than one above the number, and none that follows
 * on one without a pause has fewer. Whoever comes later than that begins anew.
 *
 * @param perMinute a whole number from 1 to 60,000: one in each millisecond. @param of processes share it: each lets one of so
 * many begin.
 */
export function spacing(perMinute: number, now: number, of = 1): Spacing {
  let base = now;
  let taken = 0;
  const after = (count: number): number => base + Math.ceil((count * MINUTE_MS * of) / perMinute);
  return {
    perMinute,
    of,
    get readyAt() {
      return after(taken);
    },
    take(at) {
      // Also where the clock has gone back: nobody waits for it to come up again.
      if (at >= after(taken + 1) || at < after(taken - 1)) {
        base = at;
        taken = 0;
      }
      taken += 1;
      // So that the numbers stay small: a whole minute is a whole number of milliseconds.
      if (taken >= perMinute && taken % perMinute === 0) {
        base += MINUTE_MS * of * (taken / perMinute);
        taken = 0;
      }
    },
  };
}
