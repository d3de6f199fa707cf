/**
 * What is kept of a domain's MTA-STS policy, as plain data and pure functions: RFC 8461 §3.3, §5.1 and §10.2.
 *
 * It is stored as a row, so it survives a restart. Only its own time or a newly fetched policy ends a policy: no answer
 * of the DNS does. Its time counts from the last fetch; that the record still has the same id lengthens nothing.
 *
 * Two kinds of time stand in a row. How long a policy holds is told by a clock that never goes back: the later of now
 * and of the latest time that the row has seen. When something is tried again is told by the clock as it is, and at
 * once where that has been set back; so a wrong clock neither ends a policy nor stops its renewal.
 */
import type { Domain } from '../../names/domain.ts';
import type { EpochMs } from '../words.ts';
import type { FailedFetch, StsFailureType } from './fetched.ts';
import type { StsPolicy } from './policy.ts';
import type { StsRecord } from './record.ts';

/** A policy that was fetched; in force until `expiresAt`. */
export interface KnownPolicy {
  /** The id of the record at that time, or of the last one that there was. */
  readonly id: string;
  readonly policy: StsPolicy;
  readonly fetchedAt: EpochMs;
  readonly expiresAt: EpochMs;
}

/** Fetches that failed, one after the other, for the same id. */
export interface FetchFailures {
  readonly id: string;
  readonly type: StsFailureType;
  /** Of the last one. */
  readonly because: string;
  readonly count: number;
  readonly since: EpochMs;
  readonly retryAt: EpochMs;
}

export interface StsEntry {
  readonly domain: Domain;
  /** The last policy that could be fetched, kept also when its time is over; null where there was none. */
  readonly known: KnownPolicy | null;
  /** null where the last fetch succeeded. */
  readonly failures: FetchFailures | null;
  /** When a fetch was last begun. */
  readonly attemptedAt: EpochMs;
  /** When it is to be fetched again without mail that asks; null: never. */
  readonly refreshAt: EpochMs | null;
  /** When mail last asked, to a day. */
  readonly usedAt: EpochMs;
  /** The latest time that this row has seen. */
  readonly clock: EpochMs;
}

/** What the question for the record has brought. `unknown` is never `absent`, but here both leave everything as it is. */
export type RecordLookUp = StsRecord | { readonly kind: 'unknown'; readonly because: string };

/**
 * What has to be done: `fetch` now, before anything is decided; `refresh` soon, nobody waits for it; `wait`: a fetch is
 * due, and earlier ones have failed too recently.
 */
export type StsNeed = 'nothing' | 'refresh' | 'fetch' | 'wait';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** "SHOULD limit further attempts to a period of five minutes or longer per version ID" (RFC 8461 §3.3). */
const SHORTEST_WAIT_MS = 5 * MINUTE_MS;
/** "a suggested refresh frequency is once per day" (RFC 8461 §3.3). */
const LONGEST_WAIT_MS = DAY_MS;
/** A policy that no mail has asked for so long is no longer renewed, and ends by itself. */
const UNUSED_MS = 90 * DAY_MS;
/** No public certificate holds longer (since 2020): a fetch that succeeds shows that the clock is wrong by less. */
const CERTIFICATE_MS = 398 * DAY_MS;

/** The policy that holds now. */
export function policyInForce(entry: StsEntry | undefined, now: EpochMs): KnownPolicy | undefined {
  const known = entry?.known;
  if (entry === undefined || known === null || known === undefined) return undefined;
  return Math.max(now, entry.clock) < known.expiresAt ? known : undefined;
}

/** What has to be done for the domain, after the record was asked for. */
export function stsNeed(entry: StsEntry | undefined, record: RecordLookUp, now: EpochMs): StsNeed {
  const known = policyInForce(entry, now);
  if (record.kind === 'found' && known?.id !== record.id) {
    return entry !== undefined && isBackingOff(entry, record.id, now) ? 'wait' : 'fetch';
  }
  if (entry === undefined || known === undefined || entry.refreshAt === null) return 'nothing';
  // "regardless of the state of the "_mta-sts" TXT record" (RFC 8461 §10.2)
  return now >= entry.refreshAt || now < entry.attemptedAt ? 'refresh' : 'nothing';
}

/** What both endings of a fetch are told. */
export interface Attempt {
  readonly domain: Domain;
  /** Of the record, or of the policy that is renewed where there is no record. */
  readonly id: string;
  readonly now: EpochMs;
  /** From 0 to below 1, another for each domain or attempt: spreads what would come due at the same time. */
  readonly jitter: number;
  /** Whether mail has asked. */
  readonly used: boolean;
}

/** The row after a fetch that has brought a policy, whatever was there before. */
export function afterFetch(entry: StsEntry | undefined, policy: StsPolicy, attempt: Attempt): StsEntry {
  const { domain, id, now, jitter, used } = attempt;
  const clock = entry === undefined || entry.clock - now > CERTIFICATE_MS ? now : Math.max(now, entry.clock);
  const known = { id, policy, fetchedAt: clock, expiresAt: clock + policy.maxAgeSeconds * 1000 };
  const usedAt = used || entry === undefined ? now : entry.usedAt;
  const refreshAt = now - usedAt > UNUSED_MS ? null : refreshTime(policy, now, jitter);
  return { domain, known, failures: null, attemptedAt: now, refreshAt, usedAt, clock };
}

/** The row after a fetch that has failed: what was known is still known. */
export function afterFailure(
  entry: StsEntry | undefined,
  { type, because }: FailedFetch,
  attempt: Attempt,
): StsEntry {
  const { domain, id, now, jitter, used } = attempt;
  const before = entry?.failures?.id === id ? entry.failures : null;
  const count = (before?.count ?? 0) + 1;
  const clock = Math.max(now, entry?.clock ?? now);
  const inForce = policyInForce(entry, now);
  const left = inForce === undefined ? Number.POSITIVE_INFINITY : inForce.expiresAt - clock;
  const retryAt = now + backOff(count, left, jitter);
  return {
    domain,
    known: entry?.known ?? null,
    failures: { id, type, because, count, since: before?.since ?? now, retryAt },
    attemptedAt: now,
    refreshAt: inForce !== undefined && entry?.refreshAt !== null ? retryAt : null,
    usedAt: used || entry === undefined ? now : entry.usedAt,
    clock,
  };
}

/**
 * The row after it was only looked at.
 *
 * @returns undefined where nothing is worth writing.
 */
export function afterLook(entry: StsEntry, now: EpochMs, used: boolean): StsEntry | undefined {
  const { known } = entry;
  const clock = Math.max(now, entry.clock);
  const usedAt = used && Math.abs(now - entry.usedAt) >= DAY_MS ? now : entry.usedAt;
  if (known !== null && known.expiresAt > entry.clock && clock >= known.expiresAt) {
    // That its time is over is written down, so that a clock set back does not bring it to life again.
    return { ...entry, refreshAt: null, usedAt, clock };
  }
  if (usedAt === entry.usedAt) return undefined;
  const inForce = policyInForce(entry, now);
  // Mail asks again for what was not renewed any more.
  const resumed = inForce === undefined ? null : refreshTime(inForce.policy, now, 0);
  return { ...entry, refreshAt: entry.refreshAt ?? resumed, usedAt, clock };
}

/** Whether the last fetch is long enough ago, for whoever would rather fetch than trust that the id was changed. */
export function mayBeFetchedAgain({ attemptedAt, failures }: StsEntry, now: EpochMs): boolean {
  const from = Math.max(attemptedAt + SHORTEST_WAIT_MS, failures?.retryAt ?? 0);
  return now >= from || now < attemptedAt;
}

/** Earlier fetches for this id have failed, and it is too soon for the next. */
export function isBackingOff({ failures, attemptedAt }: StsEntry, id: string, now: EpochMs): boolean {
  return failures !== null && failures.id === id && now < failures.retryAt && now >= attemptedAt;
}

/**
 * Once a day, or at half of its time where that is less; up to a quarter earlier, by the jitter.
 *
 * @returns null where that is not worth it: it asks for nothing, or ends so soon that mail can fetch it anew.
 */
function refreshTime({ mode, maxAgeSeconds }: StsPolicy, now: EpochMs, jitter: number): EpochMs | null {
  const interval = Math.min(LONGEST_WAIT_MS, (maxAgeSeconds * 1000) / 2) * (1 - jitter / 4);
  return mode === 'none' || interval < SHORTEST_WAIT_MS ? null : now + Math.floor(interval);
}

/**
 * 5 minutes, twice as long after each further failure, at most a day; up to a quarter longer, by the jitter.
 *
 * @param left until the policy that is to be renewed ends: it is tried again before that, and as it ends.
 */
function backOff(count: number, left: number, jitter: number): number {
  const wait = SHORTEST_WAIT_MS * 2 ** Math.min(count - 1, 16) * (1 + jitter / 4);
  const atTheEnd = Math.max(SHORTEST_WAIT_MS, left - SHORTEST_WAIT_MS);
  return Math.floor(Math.min(LONGEST_WAIT_MS, wait, atTheEnd));
}
