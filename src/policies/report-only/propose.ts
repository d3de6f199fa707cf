/** What can be required of a domain without mail that waits for it: by all that was seen of its sessions. */
import type { Domain } from '../../names/domain.ts';
import type { SeenCount } from './seen.ts';
import { type Candidate, wouldDo } from './would.ts';

export interface ProposalTerms {
  /** Days (UTC) with a session, and sessions in all; fewer say too little. */
  readonly leastDays: number;
  readonly leastSessions: number;
}

/** What one rule would have done with all sessions of a domain. */
export interface Trial {
  readonly rule: Candidate['rule'];
  readonly passed: number;
  readonly blocked: number;
  readonly unknown: number;
  /** Days on which it would have blocked. */
  readonly blockedOn: readonly string[];
  /** Why it would have blocked, or why nobody knows, for the session that was seen last; null: it never would have. */
  readonly because: string | null;
  /** Whether the sessions are enough, and none of them would have been blocked, nor may have been. */
  readonly safe: boolean;
}

export interface Proposal {
  readonly domain: Domain;
  readonly days: number;
  readonly sessions: number;
  /** Only rules that have something to say of the domain. */
  readonly trials: readonly Trial[];
  /** The strictest level that is safe; null: none is. */
  readonly level: 'encrypt' | 'authenticate' | null;
}

const RULES = [
  'authenticate',
  'encrypt',
  'sts',
  'list',
  'memory',
] as const satisfies readonly Candidate['rule'][];

/** @param counts of one domain, by day. */
export function propose(domain: Domain, counts: readonly SeenCount[], terms: ProposalTerms): Proposal {
  const days = new Set(counts.map(({ day }) => day)).size;
  const sessions = counts.reduce((sum, count) => sum + count.sessions, 0);
  const enough = days >= terms.leastDays && sessions >= terms.leastSessions;
  const trials = RULES.flatMap((rule) => trial({ rule, names: [] }, counts, enough) ?? []);
  const safe = trials.filter((one) => one.safe);
  const level = (['authenticate', 'encrypt'] as const).find((rule) => safe.some((one) => one.rule === rule));
  return { domain, days, sessions, trials, level: level ?? null };
}

/** Tries one rule on all sessions. @returns undefined where it has nothing to say of any. */
export function trial(
  candidate: Candidate,
  counts: readonly SeenCount[],
  enough: boolean,
): Trial | undefined {
  const sums = { pass: 0, block: 0, unknown: 0 };
  const blockedOn = new Set<string>();
  let because: string | null = null;
  let concerned = 0;
  for (const { day, seen, sessions } of counts) {
    const would =
      seen === null
        ? ({ kind: 'unknown', because: 'there was no room for all that was seen' } as const)
        : wouldDo(seen, candidate);
    if (would === undefined) continue;
    if (seen !== null) concerned += sessions;
    sums[would.kind] += sessions;
    if (would.kind === 'block') blockedOn.add(day);
    if (would.kind !== 'pass') ({ because } = would);
  }
  if (concerned === 0) return undefined;
  return {
    rule: candidate.rule,
    passed: sums.pass,
    blocked: sums.block,
    unknown: sums.unknown,
    blockedOn: [...blockedOn].toSorted(),
    because,
    safe: enough && sums.block === 0 && sums.unknown === 0,
  };
}
