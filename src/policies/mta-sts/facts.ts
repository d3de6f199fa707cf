/** What is known of a domain's MTA-STS policy after all was asked, with its reasons in words. */
import type { Domain } from '../../names/domain.ts';
import type { EpochMs } from '../words.ts';
import {
  type FetchFailures,
  type KnownPolicy,
  policyInForce,
  type RecordLookUp,
  type StsEntry,
} from './cache.ts';
import type { StsFailureType } from './fetched.ts';
import { formatPattern, type StsPolicy } from './policy.ts';

/** What the domain's owner is told by TLS-RPT (RFC 8461 §6, RFC 8460 §4.3.2.2). */
interface StsReport {
  readonly type: StsFailureType;
  readonly because: string;
  /** A policy that was fetched earlier holds in place of the one that cannot be had. */
  readonly fallback: boolean;
}

export type StsFacts = StsKnowledge &
  (
    | {
        /** A policy that asks for something, `enforce` or `testing`, is in force. */
        readonly kind: 'policy';
        readonly known: KnownPolicy;
        readonly from: 'fetch' | 'cache';
        /** The mode that it really has, where it is taken for one that is enforced; else it is left out. */
        readonly takenFrom?: 'testing';
      }
    | {
        /** `unknown`: nobody could say whether there is a record, and no policy is in force. */
        readonly kind: 'none' | 'unknown';
        /** One that says `none`, or one whose time is over; null where there never was one. */
        readonly known: KnownPolicy | null;
      }
  );

interface StsKnowledge {
  readonly domain: Domain;
  readonly record: RecordLookUp;
  /** One sentence: what decided. */
  readonly because: string;
  /** What was seen, a sentence each. */
  readonly evidence: readonly string[];
  readonly report: StsReport | null;
  /** The row to keep in place of the one that was recalled; null where nothing has changed. */
  readonly keep: StsEntry | null;
  /** Until when the same may be said again without asking; not after `now` where it may not. */
  readonly until: EpochMs;
}

/** All that the facts are made of. */
export interface Findings {
  readonly domain: Domain;
  readonly now: EpochMs;
  readonly record: RecordLookUp;
  /** Until when the answer about the record may be used. */
  readonly recordUntil: EpochMs;
  /** The row as it is after all. */
  readonly entry: StsEntry | undefined;
  readonly keep: StsEntry | null;
  /** What was asked of the policy host just now, in words; undefined where nothing was. */
  readonly tried: { readonly succeeded: boolean; readonly evidence: readonly string[] } | undefined;
}

export function factsFrom(findings: Findings): StsFacts {
  const { domain, now, record, entry, keep, tried } = findings;
  const known = entry?.known ?? null;
  // One with max_age 0 holds for the mail that has had it fetched, and is over for the next.
  const inForce = tried?.succeeded === true ? (known ?? undefined) : policyInForce(entry, now);
  const knowledge = {
    domain,
    record,
    because: sentence(findings, inForce),
    evidence: [recordEvidence(domain, record), ...(tried?.evidence ?? []), ...policyEvidence(inForce)],
    report: reportOf(entry, record, inForce),
    keep,
    until: usableUntil(findings, inForce),
  };
  if (inForce !== undefined && inForce.policy.mode !== 'none') {
    const from = tried?.succeeded === true ? 'fetch' : 'cache';
    return { ...knowledge, kind: 'policy', known: inForce, from };
  }
  return {
    ...knowledge,
    kind: inForce === undefined && record.kind === 'unknown' ? 'unknown' : 'none',
    known,
  };
}

/** Failures that concern what is wanted now: the policy that the record names, or the renewal of the one in force. */
function failuresOf(
  entry: StsEntry | undefined,
  record: RecordLookUp,
  inForce: KnownPolicy | undefined,
): FetchFailures | undefined {
  const wanted = record.kind === 'found' ? record.id : inForce?.id;
  const failures = entry?.failures ?? undefined;
  return failures?.id === wanted ? failures : undefined;
}

/**
 * "HTTPS policy fetch failures when a valid TXT record is present." "Policy fetch failures of any kind when a valid
 * policy exists in the policy cache, except if that policy's mode is "none"." (RFC 8461 §6)
 */
function reportOf(
  entry: StsEntry | undefined,
  record: RecordLookUp,
  inForce: KnownPolicy | undefined,
): StsReport | null {
  const fallback = inForce !== undefined;
  const failures = failuresOf(entry, record, inForce);
  const isQuiet = inForce === undefined || inForce.policy.mode === 'none';
  const isNews = record.kind === 'found' && record.id !== inForce?.id;
  if (isQuiet && !isNews) return null;
  if (failures !== undefined) return { type: failures.type, because: failures.because, fallback };
  return record.kind === 'found'
    ? null
    : { type: 'sts-policy-fetch-error', because: record.because, fallback };
}

function sentence({ now, record, entry, tried }: Findings, inForce: KnownPolicy | undefined): string {
  if (tried?.succeeded === true && inForce !== undefined) {
    return `the policy with the id ${inForce.id} was fetched: ${summary(inForce.policy)}`;
  }
  const failures = failuresOf(entry, record, inForce);
  const trouble = failures === undefined ? '' : ` (${failures.because}; ${attempts(failures, now)})`;
  if (inForce === undefined) return `${withoutPolicy(record, trouble)}${formerly(entry?.known ?? null, now)}`;
  const holds = `the policy with the id ${inForce.id} ${validity(inForce, entry, now)}: ${summary(inForce.policy)}`;
  if (record.kind === 'found' && record.id !== inForce.id) {
    return `the record names a new policy, ${record.id}, which cannot be had${trouble}; until it can, ${holds}`;
  }
  const renewal = failures === undefined ? '' : `; it cannot be renewed${trouble}`;
  if (record.kind === 'found') return `${holds}${renewal}`;
  return `${holds}; what the DNS says does not end it (${record.because})${renewal}`;
}

function withoutPolicy(record: RecordLookUp, trouble: string): string {
  switch (record.kind) {
    case 'found':
      return `the record names the policy ${record.id}, which cannot be had${trouble}`;
    case 'absent':
      return `there is no MTA-STS record: ${record.because}`;
    case 'invalid':
      return `the MTA-STS record cannot be used: ${record.because}`;
    case 'unknown':
      return `whether there is an MTA-STS record could not be learnt: ${record.because}`;
  }
}

function formerly(known: KnownPolicy | null, now: EpochMs): string {
  if (known === null) return '';
  const ago = now > known.expiresAt ? ` ${span(now - known.expiresAt)} ago` : '';
  return `; the policy with the id ${known.id} has ended${ago}`;
}

function validity(known: KnownPolicy, entry: StsEntry | undefined, now: EpochMs): string {
  const clock = Math.max(now, entry?.clock ?? now);
  return `was fetched ${span(clock - known.fetchedAt)} ago and holds for another ${span(known.expiresAt - clock)}`;
}

function attempts({ count, since, retryAt }: FetchFailures, now: EpochMs): string {
  const next = retryAt > now ? `, next try in ${span(retryAt - now)}` : '';
  return count === 1
    ? `tried once${next}`
    : `tried ${count} times in ${span(Math.max(0, now - since))}${next}`;
}

/** Mode and the first hosts; a policy may name a thousand. */
function summary({ mode, mx }: StsPolicy): string {
  if (mx.length === 0) return mode;
  const more = mx.length > MOST_SHOWN ? ` and ${mx.length - MOST_SHOWN} more` : '';
  return `${mode}, mx ${mx.slice(0, MOST_SHOWN).map(formatPattern).join(', ')}${more}`;
}

function recordEvidence(domain: Domain, record: RecordLookUp): string {
  const said = record.kind === 'found' ? `names the policy ${record.id}` : record.because;
  return `_mta-sts.${domain} TXT: ${said}`;
}

function policyEvidence(inForce: KnownPolicy | undefined): string[] {
  return (inForce?.policy.warnings ?? []).map(
    (warning) => `the policy with the id ${inForce?.id}: ${warning}`,
  );
}

function usableUntil(
  { now, record, recordUntil, entry, tried }: Findings,
  inForce: KnownPolicy | undefined,
): EpochMs {
  const clock = Math.max(now, entry?.clock ?? now);
  const failures = failuresOf(entry, record, inForce);
  const ends = inForce === undefined ? [] : [now + inForce.expiresAt - clock];
  const retry = failures === undefined || tried?.succeeded === true ? [] : [failures.retryAt];
  return Math.max(now, Math.min(recordUntil, ...ends, ...retry));
}

const MOST_SHOWN = 5;

/** A length of time for people, to one unit. */
function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
