/**
 * What is remembered of those who send to us: whether they have always come over TLS.
 *
 * MAIL FROM is whatever a client says, so nothing may be learnt from it about a domain alone. One row is of a sender domain
 * as it came from one client address: a forger elsewhere has rows of his own, and neither raises nor blocks those of the
 * domain's real servers. Whoever strips STARTTLS on the path cannot change the address from which the server comes.
 */
import type { Domain } from '../../names/domain.ts';
import type { EpochMs } from '../words.ts';

/** One IPv4 address, or the first 64 bits of an IPv6 one; with the sender domain that it names. */
export interface InboundKey {
  readonly client: string;
  readonly domain: Domain;
}

export interface InboundRow extends InboundKey {
  /** Since when it has come over TLS every time. */
  readonly since: EpochMs;
  /** Messages since then. */
  readonly sessions: number;
  /** The last one over TLS. */
  readonly lastAt: EpochMs;
  /** When it last came in clear although it had always come over TLS; null: never. */
  readonly clearAt: EpochMs | null;
  /** How often. */
  readonly clear: number;
}

/** What a row says of a message in clear. `young`: too little is known; `expected`: it has always come over TLS. */
export type Expectation = 'young' | 'expected';

const DAY_MS = 24 * 60 * 60_000;
const LEAST_SESSIONS = 3;
const LEAST_AGE_MS = 7 * DAY_MS;
/** Unused for so long, a row is forgotten. */
export const FORGET_AFTER_MS = 90 * DAY_MS;
/** What is written of a busy sender: no more than once in so long. */
const NOTED_EVERY_MS = 60 * 60_000;

export function expectationOf(row: InboundRow | undefined, now: EpochMs): Expectation {
  if (row === undefined || isForgotten(row, now)) return 'young';
  const isOld = row.lastAt - row.since >= LEAST_AGE_MS;
  return isOld && row.sessions >= LEAST_SESSIONS ? 'expected' : 'young';
}

export function isForgotten({ lastAt }: InboundRow, now: EpochMs): boolean {
  return now - lastAt >= FORGET_AFTER_MS;
}

/**
 * What two processes know of one client and domain, put together: whichever of them has seen more counts.
 *
 * A message in clear that was let in ends what was before it, also what the other process knows of that.
 */
export function mergedRow(one: InboundRow, other: InboundRow): InboundRow {
  const [older, newer] = one.lastAt <= other.lastAt ? [one, other] : [other, one];
  const clear = {
    clearAt: latest(one.clearAt, other.clearAt),
    clear: Math.max(one.clear, other.clear),
  };
  const lastAt = newer.lastAt;
  if (lastAt - older.lastAt >= FORGET_AFTER_MS) return { ...newer, ...clear };
  const begunAnew = [one, other].filter(({ since, clearAt }) => since === clearAt);
  const [begun, ...rest] = begunAnew.toSorted((a, b) => b.since - a.since || b.sessions - a.sessions);
  if (begun !== undefined) return { ...begun, ...clear, lastAt: rest.length === 0 ? begun.lastAt : lastAt };
  const since = Math.min(one.since, other.since);
  return { ...newer, ...clear, since, sessions: Math.max(one.sessions, other.sessions) };
}

function latest(one: EpochMs | null, other: EpochMs | null): EpochMs | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** @returns the row after a message over TLS; the same object where that is not worth writing down. */
export function afterTls(row: InboundRow | undefined, key: InboundKey, now: EpochMs): InboundRow {
  if (row === undefined || isForgotten(row, now))
    return { ...key, since: now, sessions: 1, lastAt: now, clearAt: null, clear: 0 };
  const isKnown = row.sessions >= LEAST_SESSIONS;
  if (isKnown && now - row.lastAt < NOTED_EVERY_MS) return row;
  return { ...row, sessions: row.sessions + 1, lastAt: Math.max(row.lastAt, now) };
}

/**
 * @param taken whether the message was let in all the same.
 * @returns the row after a message in clear; undefined where nothing is left of it.
 */
export function afterClear(
  row: InboundRow | undefined,
  now: EpochMs,
  taken: boolean,
): InboundRow | undefined {
  // Whoever never came over TLS for long has no row; it begins with the next message over TLS.
  if (row === undefined || expectationOf(row, now) === 'young') return undefined;
  const noted = { ...row, clearAt: now, clear: row.clear + 1 };
  // It has not always come over TLS now: it starts again.
  return taken ? { ...noted, since: now, sessions: 0 } : noted;
}
