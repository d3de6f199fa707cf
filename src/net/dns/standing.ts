/** How quickly one resolver answers, and whether it does. */

export interface Standing {
  /** Milliseconds after which a question by UDP is repeated. */
  readonly patienceMs: number;
  /** Milliseconds (of the same clock as `now`) until which others are asked first; in the past where it answers. */
  readonly shunnedUntil: number;
  /** It was heard of. @param tookMs between question and answer, where one question was answered. */
  answered(tookMs: number | undefined): void;
  /** A question got no answer. @param askedAt if it was heard of since, only that question was hard. */
  failed(askedAt: number): void;
  /** It is asked although it failed: one question finds out for all. */
  probed(): void;
}

const FIRST_PATIENCE_MS = 800;
/** A resolver with an empty cache asks several servers in turn, so patience has nothing to do with the distance to it. */
const MIN_PATIENCE_MS = 400;
const MAX_PATIENCE_MS = 1500;

const FIRST_SHUN_MS = 2_000;
const MAX_SHUN_MS = 120_000;

/** @param now milliseconds, never going back. */
export function newStanding(now: () => number): Standing {
  let smoothed: number | undefined;
  let deviation = 0;
  let failures = 0;
  let shunnedUntil = Number.NEGATIVE_INFINITY;
  let heardAt = Number.NEGATIVE_INFINITY;
  const shunMs = (): number => Math.min(FIRST_SHUN_MS * 2 ** (failures - 1), MAX_SHUN_MS);
  return {
    get patienceMs() {
      if (smoothed === undefined) return FIRST_PATIENCE_MS;
      return Math.min(Math.max(smoothed + 4 * deviation, MIN_PATIENCE_MS), MAX_PATIENCE_MS);
    },
    get shunnedUntil() {
      return shunnedUntil;
    },
    answered(tookMs) {
      heardAt = now();
      failures = 0;
      shunnedUntil = Number.NEGATIVE_INFINITY;
      if (tookMs === undefined) return;
      // The weights of TCP (RFC 6298 §2).
      if (smoothed === undefined) {
        smoothed = tookMs;
        deviation = tookMs / 2;
      } else {
        deviation += (Math.abs(tookMs - smoothed) - deviation) / 4;
        smoothed += (tookMs - smoothed) / 8;
      }
    },
    failed(askedAt) {
      if (heardAt >= askedAt || shunnedUntil > now()) return;
      failures += 1;
      shunnedUntil = now() + shunMs();
    },
    probed() {
      if (failures > 0) shunnedUntil = now() + shunMs();
    },
  };
}
