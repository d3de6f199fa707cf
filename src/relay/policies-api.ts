/** What the control socket speaks of policies: as JSON, all times RFC 3339 in UTC with milliseconds. */

import { type MemorySettings, memoryFrom } from '../policies/memory/expect.ts';
import type { DayCount, Track, TrackState } from '../policies/memory/track.ts';
import { type KnownPolicy, policyInForce, type StsEntry } from '../policies/mta-sts/cache.ts';
import type { StsFailureType } from '../policies/mta-sts/fetched.ts';
import { formatPattern } from '../policies/mta-sts/policy.ts';
import type { Override } from '../policies/overrides/override.ts';
import { type Promotion, type PromotionState, promotionState } from '../policies/report-only/promotion.ts';
import type { EpochMs, TlsLevel } from '../policies/words.ts';
import type { KeptInbound } from './control-clients.ts';
import type { DayResults } from './control-results.ts';
import type { KeptListing } from './list-api.ts';
import type { RememberedTls } from './tls-memory.ts';

/** What is kept of a domain's MTA-STS policy. */
export interface KeptPolicy {
  readonly domain: string;
  readonly inForce: boolean;
  /** The last one that could be fetched, also where its time is over; null where there was none. */
  readonly policy: {
    readonly id: string;
    readonly mode: string;
    readonly mx: readonly string[];
    readonly maxAgeSeconds: number;
    /** As fetched. */
    readonly lines: readonly string[];
    readonly warnings: readonly string[];
    readonly fetchedAt: string;
    readonly expiresAt: string;
  } | null;
  /** Fetches that have failed since the last one that did not. */
  readonly failures: {
    readonly id: string;
    readonly type: StsFailureType;
    readonly because: string;
    readonly count: number;
    readonly since: string;
    readonly retryAt: string;
  } | null;
  readonly attemptedAt: string;
  /** When it is fetched again without mail that asks; null: never. */
  readonly refreshAt: string | null;
  /** When mail last asked, to a day. */
  readonly usedAt: string;
}

export interface KeptOverride {
  readonly domain: string;
  readonly inForce: boolean;
  readonly level: TlsLevel;
  /** null: until it is taken back. */
  readonly until: string | null;
  readonly reason: string;
  readonly setAt: string;
}

/** What was seen of TLS at a host, and is remembered for a while. */
export interface KeptTls {
  readonly kind: RememberedTls['kind'];
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly failures: number;
  readonly since: string;
  readonly until: string;
  readonly because: string;
}

/** Since when sessions with a host have reached a level of TLS. */
export interface KeptTrack {
  /** null: whichever host of the domain it was. */
  readonly host: string | null;
  readonly level: Track['level'];
  readonly state: TrackState;
  readonly since: string;
  readonly sessions: number;
  readonly lastAt: string;
  /** What authenticated the host the last time. */
  readonly proof: Track['proof'];
  /** SHA-256 of the last key, hex. */
  readonly spkiSha256: string | null;
  /** Sessions since the last that reached it; null: none. */
  readonly against: {
    readonly since: string;
    readonly lastAt: string;
    readonly sessions: number;
    /** Days (UTC) on which there was one. */
    readonly days: number;
  } | null;
  readonly days: readonly DayCount[];
}

/** A level that an operator has put in force by what was seen. */
export interface ShownPromotion
  extends Pick<Promotion, 'domain' | 'level' | 'reason' | 'mostBlocked' | 'blocked' | 'endedBecause'> {
  readonly state: PromotionState;
  readonly setAt: string;
  readonly until: string;
  readonly endedAt: string | null;
}

/** All that is kept of a domain. */
export interface KeptOfDomain {
  readonly domain: string;
  readonly sts: KeptPolicy | null;
  readonly override: KeptOverride | null;
  /** Also one that is over, or was taken back; null: there was none. */
  readonly promotion: ShownPromotion | null;
  /** null: it is not on the policy list, or there is none. */
  readonly listed: KeptListing | null;
  /** What sessions with its hosts have reached. */
  readonly outbound: readonly KeptTrack[];
  /** Servers that send its mail to us, and whether that comes over TLS. */
  readonly inbound: readonly KeptInbound[];
  /** What our sessions with its hosts came to today and yesterday, as far as there were any. */
  readonly results: readonly DayResults[];
}

/** Mail that an operator's word about a policy concerns. */
export interface Woken {
  /** Recipients who are due now. */
  readonly due: number;
  /** Recipients for whom an attempt was under way already. */
  readonly underWay: number;
  /** Where mail for the domain goes: the domain itself, or the next hop of its rule. */
  readonly destination: string;
}

/** What came of a fetch. */
export interface Refreshed {
  readonly domain: string;
  /** `policy`: one was fetched. `none`: the domain has none. `failed`: there may be one, and it could not be had. */
  readonly outcome: 'policy' | 'none' | 'failed';
  readonly because: string;
  readonly evidence: readonly string[];
  readonly sts: KeptPolicy | null;
  readonly mail: Woken;
}

export interface Purged {
  readonly domain: string;
  /** null: there was none. */
  readonly purged: KeptPolicy | null;
  /** How many of its servers are forgotten. */
  readonly inbound: number;
  /** Whether sessions with its hosts were remembered, and are not any more. */
  readonly outbound: boolean;
  readonly mail: Woken;
}

/** An override that has just begun, or ended. */
export interface Overridden {
  readonly override: KeptOverride;
  readonly mail: Woken;
}

export function toKeptPolicy(entry: StsEntry, now: EpochMs): KeptPolicy {
  const { domain, known, failures, attemptedAt, refreshAt, usedAt } = entry;
  return {
    domain,
    inForce: policyInForce(entry, now) !== undefined,
    policy: known === null ? null : policyOf(known),
    failures:
      failures === null
        ? null
        : { ...failures, since: rfc3339(failures.since), retryAt: rfc3339(failures.retryAt) },
    attemptedAt: rfc3339(attemptedAt),
    refreshAt: refreshAt === null ? null : rfc3339(refreshAt),
    usedAt: rfc3339(usedAt),
  };
}

export function toKeptOverride({ until, setAt, ...override }: Override, now: EpochMs): KeptOverride {
  return {
    ...override,
    inForce: until === null || now < until,
    until: until === null ? null : rfc3339(until),
    setAt: rfc3339(setAt),
  };
}

export function toShownPromotion(
  { setAt, until, endedAt, ...promotion }: Promotion,
  now: EpochMs,
): ShownPromotion {
  return {
    ...promotion,
    state: promotionState({ setAt, until, endedAt, ...promotion }, now),
    setAt: rfc3339(setAt),
    until: rfc3339(until),
    endedAt: endedAt === null ? null : rfc3339(endedAt),
  };
}

export function toKeptTls({ since, until, ...remembered }: RememberedTls): KeptTls {
  return { ...remembered, since: rfc3339(since), until: rfc3339(until) };
}

/** @param settings what the running relay goes by. */
export function toKeptTracks(tracks: readonly Track[], now: EpochMs, settings: MemorySettings): KeptTrack[] {
  return (memoryFrom(tracks, now, settings)?.tracks ?? []).map(
    ({ host, level, state, since, sessions, lastAt, proof, spki, against, days }) => ({
      host,
      level,
      state,
      since: rfc3339(since),
      sessions,
      lastAt: rfc3339(lastAt),
      proof,
      spkiSha256: spki,
      against:
        against === null
          ? null
          : { ...against, since: rfc3339(against.since), lastAt: rfc3339(against.lastAt) },
      days,
    }),
  );
}

function policyOf({ id, policy, fetchedAt, expiresAt }: KnownPolicy): KeptPolicy['policy'] {
  const { mx, ...rest } = policy;
  return {
    id,
    ...rest,
    mx: mx.map(formatPattern),
    fetchedAt: rfc3339(fetchedAt),
    expiresAt: rfc3339(expiresAt),
  };
}

function rfc3339(at: EpochMs): string {
  return new Date(at).toISOString();
}
