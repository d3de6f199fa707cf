/** Moments of signatures: seconds since 1970 in 32 bits, which wrap in 2106. RFC 4034 §3.1.5, RFC 1982 §3.2. */
import { formatMoment } from '../../names/calendar.ts';

/** When a signature holds, or that of several which ends first: seconds since 1970, of any size. */
export interface Validity {
  readonly since: number;
  readonly until: number;
}

/** Of two, the one that ends first. */
export function earlier(one: Validity, other: Validity | null): Validity {
  return other !== null && other.until < one.until ? other : one;
}

/**
 * Seconds from `now` to a moment, at most 2^31 either way; below 0 where it has passed.
 *
 * @param now seconds since 1970, of any size.
 */
export function secondsTo(moment: number, now: number): number {
  return (moment - now) | 0;
}

/** A moment as RFC 3339 writes it: `2026-12-01T00:00:00Z`; of those that wrap to it, the one nearest to `now`. */
export function showMoment(moment: number, now: number): string {
  const seconds = now + secondsTo(moment, now);
  if (last?.seconds !== seconds) last = { seconds, shown: formatMoment(seconds) };
  return last.shown;
}

/** The moment shown last: signatures of one zone often end at the same time, and what is kept shares the text. */
let last: { readonly seconds: number; readonly shown: string } | undefined;
