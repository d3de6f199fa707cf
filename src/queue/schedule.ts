/** When to try again, when to warn the sender, when to give up. RFC 5321 §4.5.4.1. */
import type { EpochMs } from './delivery.ts';

export interface Schedule {
  /** Delays after the 1st, 2nd, ... failed attempt, in milliseconds; the last one repeats. At least one entry. */
  readonly retryAfterMs: readonly number[];
  /** Each delay is stretched by up to this share of itself, so that a dead host's queue does not return as one. */
  readonly jitter: number;
  /** Age at which the message is given up. RFC 5321 §4.5.4.1: "at least 4-5 days". */
  readonly giveUpAfterMs: number;
  /** Age at which the sender is told, once, that the message is late. */
  readonly warnAfterMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const defaultSchedule: Schedule = {
  retryAfterMs: [1, 5, 10, 20, 30, 60, 120, 240].map((minutes) => minutes * MINUTE),
  jitter: 0.2,
  giveUpAfterMs: 5 * 24 * HOUR,
  warnAfterMs: 4 * HOUR,
};

/**
 * When the next attempt may start.
 *
 * @param failedAttempts how many have failed, this one included: 1 or more.
 * @param random in [0, 1).
 */
export function nextAttemptAt(
  now: EpochMs,
  failedAttempts: number,
  random: number,
  schedule: Schedule,
): EpochMs {
  const delays = schedule.retryAfterMs;
  const delay = delays[Math.min(Math.max(failedAttempts, 1), delays.length) - 1] ?? HOUR;
  return Math.round(now + delay * (1 + schedule.jitter * random));
}

/** Whether the message is too old to be tried again. */
export function isExpired(now: EpochMs, queuedAt: EpochMs, schedule: Schedule): boolean {
  return now - queuedAt >= schedule.giveUpAfterMs;
}

/** Whether the sender is due a warning; the caller remembers that it was sent. */
export function isLate(now: EpochMs, queuedAt: EpochMs, schedule: Schedule): boolean {
  return now - queuedAt >= schedule.warnAfterMs;
}
