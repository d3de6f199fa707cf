/** What the answer to a request of a webhook means. */
import type { PostOutcome } from '../../net/https-post.ts';

export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMs: number; readonly because: string }
  /** This request alone is given up. */
  | { readonly kind: 'dead'; readonly because: string }
  /** Everything as old as this request is given up. */
  | { readonly kind: 'expired'; readonly because: string }
  /** The receiver wants nothing any more. */
  | { readonly kind: 'gone'; readonly because: string };

export interface Course {
  /** Of this request, this one included. */
  readonly attempts: number;
  /** Failures in a row at this receiver, this one included. */
  readonly failures: number;
  /** Since the request was made; milliseconds. */
  readonly ageMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const FIRST_PAUSE_MS = 5_000;
export const LONGEST_PAUSE_MS = 3_600_000;
/** So many receivers that fail at once do not all come back at once. */
const JITTER = 0.2;
export const GIVE_UP_AFTER_MS = 3 * 86_400_000;
/** The receiver says that it is this request that is wrong: 400, 413, 415 and 422 (RFC 9110 §15.5). */
const wrongRequest: ReadonlySet<number> = new Set([400, 413, 415, 422]);
/** A request that is wrong must not hold up all others for days; one that meets a broken receiver gets some minutes. */
const MOST_ATTEMPTS_IF_WRONG = 6;
const GONE = 410;

export function verdictOn(outcome: PostOutcome, course: Course): Verdict {
  if (outcome.kind === 'failed') return later(outcome.because, course, 0);
  const { status, retryAfter } = outcome;
  if (status >= 200 && status <= 299) return { kind: 'done' };
  const because = `the receiver answered ${status}`;
  if (status === GONE) return { kind: 'gone', because };
  if (wrongRequest.has(status) && course.attempts >= MOST_ATTEMPTS_IF_WRONG) return { kind: 'dead', because };
  const asked = status === 429 || status === 503 ? retryAfterOf(retryAfter, course.now) : 0;
  return later(because, course, asked);
}

/** @param leastMs what the receiver asks for. */
function later(because: string, { failures, ageMs, random }: Course, leastMs: number): Verdict {
  if (ageMs >= GIVE_UP_AFTER_MS) return { kind: 'expired', because };
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20));
  const spread = pause * (1 + JITTER * (2 * random - 1));
  return { kind: 'again', afterMs: Math.round(Math.max(spread, leastMs)), because };
}

/** RFC 9110 §10.2.3: seconds, or a date; what is neither asks for nothing, and nobody makes us wait longer than we do. */
function retryAfterOf(field: string | undefined, now: number): number {
  if (field === undefined) return 0;
  const ms = /^[0-9]{1,9}$/.test(field) ? Number(field) * 1000 : Date.parse(field) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS);
}
