/** Adds up session results until they are written down: by day, source, domain, record and policy. */
import { formatMoment } from '../../names/calendar.ts';
import type { FailureDetail, ReportedPolicy, ResultSource, SessionResult } from './session-result.ts';

/** What sessions of one day and source came to under one policy. */
export interface ResultCount {
  /** In UTC, `2026-11-28`: RFC 8460 §4.1 wants reports from midnight to midnight. */
  readonly day: string;
  readonly source: ResultSource;
  /** {@link OTHERS} where there was no room for one more. */
  readonly domain: string;
  readonly record: string | null;
  readonly policy: ReportedPolicy;
  readonly successes: number;
  readonly failures: number;
  /** One session may have several, or none: their numbers need not add up to `failures`. */
  readonly details: readonly { readonly detail: FailureDetail; readonly sessions: number }[];
}

/** In place of domains for which there is no room. */
export const OTHERS = 'other';

export interface Tally {
  /** @param at milliseconds since 1970; the day is the one on which the session ended. */
  add(result: SessionResult, source: ResultSource, at: number): void;
  /** Gives away all that was added up, and begins anew. */
  take(): readonly ResultCount[];
  /** Whether so much has gathered that it should be taken. */
  readonly isFull: boolean;
}

const DAY_CHARACTERS = '2026-11-28'.length;
/** What one policy may take, in characters: as much as an MTA-STS policy may have octets (RFC 8461 §3.3). */
const MOST_POLICY_CHARACTERS = 65_536;
/** What one text may take that a peer has written. */
const MOST_TEXT_CHARACTERS = 500;
/** Policies of one session; a sender has at most ten hosts and a domain. */
const MOST_POLICIES = 16;
/** Failures of one session under one policy. */
const MOST_FAILURES = 32;
/** Different failures under one policy until they are written down; the rest is told by its type alone. */
const MOST_DETAILS = 64;
/** In memory, in characters of keys. */
const MOST_GATHERED = 4 * 1024 * 1024;

interface Gathered {
  readonly count: Omit<ResultCount, 'successes' | 'failures' | 'details'>;
  successes: number;
  failures: number;
  readonly details: Map<string, { readonly detail: FailureDetail; sessions: number }>;
}

export function createTally(): Tally {
  let counts = new Map<string, Gathered>();
  let gathered = 0;

  function countOf(count: Gathered['count']): Gathered {
    const key = JSON.stringify(count);
    const known = counts.get(key);
    if (known !== undefined) return known;
    const fresh: Gathered = { count, successes: 0, failures: 0, details: new Map() };
    counts.set(key, fresh);
    gathered += key.length;
    return fresh;
  }

  function addDetail({ details }: Gathered, full: FailureDetail): void {
    const whole = JSON.stringify(full);
    const crowded = details.size >= MOST_DETAILS && !details.has(whole);
    const detail = crowded ? typeAlone(full) : full;
    const key = crowded ? JSON.stringify(detail) : whole;
    const known = details.get(key);
    if (known !== undefined) {
      known.sessions += 1;
      return;
    }
    details.set(key, { detail, sessions: 1 });
    gathered += key.length;
  }

  return {
    add(result, source, at) {
      const day = dayOf(at);
      for (const { policy, failures, final } of result.policies.slice(0, MOST_POLICIES)) {
        const count = countOf({
          day,
          source,
          domain: result.domain,
          record: result.record === null ? null : shortened(result.record),
          policy: bounded(policy),
        });
        if (final === 'success') count.successes += 1;
        else count.failures += 1;
        for (const detail of failures.slice(0, MOST_FAILURES)) addDetail(count, boundedDetail(detail));
      }
    },
    take() {
      const taken = [...counts.values()].map(({ count, successes, failures, details }) => ({
        ...count,
        successes,
        failures,
        details: [...details.values()],
      }));
      counts = new Map();
      gathered = 0;
      return taken;
    },
    get isFull() {
      return gathered > MOST_GATHERED;
    },
  };
}

/** The day in UTC. @param at milliseconds since 1970. */
export function dayOf(at: number): string {
  return formatMoment(Math.floor(at / 1000)).slice(0, DAY_CHARACTERS);
}

/** What is left of a failure where there is no room for more: there are as many as there are types. */
export function typeAlone({ type }: Pick<FailureDetail, 'type'>): FailureDetail {
  return {
    type,
    sendingAddress: null,
    receivingHost: null,
    receivingHello: null,
    receivingAddress: null,
    additional: null,
    reason: null,
  };
}

/** Whole lines, as many as there is room for. */
function bounded(policy: ReportedPolicy): ReportedPolicy {
  let room = MOST_POLICY_CHARACTERS;
  const fits = (line: string): boolean => (room -= line.length + 1) >= 0;
  const strings = policy.strings.filter(fits);
  const mxHosts = policy.mxHosts.filter(fits);
  return { type: policy.type, domain: shortened(policy.domain), strings, mxHosts };
}

function boundedDetail(detail: FailureDetail): FailureDetail {
  return {
    type: detail.type,
    sendingAddress: orShortened(detail.sendingAddress),
    receivingHost: orShortened(detail.receivingHost),
    receivingHello: orShortened(detail.receivingHello),
    receivingAddress: orShortened(detail.receivingAddress),
    additional: orShortened(detail.additional),
    reason: orShortened(detail.reason),
  };
}

function orShortened(text: string | null): string | null {
  return text === null ? null : shortened(text);
}

function shortened(text: string): string {
  return text.length > MOST_TEXT_CHARACTERS ? `${text.slice(0, MOST_TEXT_CHARACTERS)}…` : text;
}
