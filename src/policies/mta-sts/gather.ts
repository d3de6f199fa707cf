/** Finding out which MTA-STS policy holds for a domain: RFC 8461 §3 and §5.1, from what is stored, the DNS and HTTPS. */
import type { Answer } from '../../dns/answer.ts';
import { nameOf } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { readTxt } from '../../dns/records.ts';
import type { Domain } from '../../names/domain.ts';
import type { HttpsOutcome } from '../../wire/https-answer.ts';
import { fetchPolicy, type PolicyLookUp, recall, resolve } from '../look-ups.ts';
import type { EpochMs } from '../words.ts';
import {
  type Attempt,
  afterFailure,
  afterFetch,
  afterLook,
  mayBeFetchedAgain,
  type RecordLookUp,
  type StsEntry,
  stsNeed,
} from './cache.ts';
import { factsFrom, type StsFacts } from './facts.ts';
import { judgeFetch } from './fetched.ts';
import { readStsRecord, stsRecordName } from './record.ts';

export interface StsTerms {
  readonly now: EpochMs;
  /** From 0 to below 1: spreads what would come due at the same time. */
  readonly jitter: number;
  /**
   * `delivery`: mail asks, and waits only for a policy that it cannot do without. `refresh`: nobody waits, so what is
   * due is renewed. `again`: mail is held, so that the policy is fetched anew as often as may be. `forced`: an operator
   * wants it fetched, whatever is known and whatever has failed.
   */
  readonly errand: 'delivery' | 'refresh' | 'again' | 'forced';
}

/** After an answer that never came it is too soon to ask again. */
const UNKNOWN_FOR_MS = 5 * 60_000;
const LONGEST_USE_MS = 24 * 60 * 60_000;

/**
 * Finds out what holds for the policy domain, which is the recipient's domain or the configured next hop: the parent of a
 * subdomain is never asked (RFC 8461 §3.4).
 *
 * Whoever drives it keeps the row in `keep`, and runs one at a time for each domain.
 */
export function* stsFor(domain: Domain, terms: StsTerms): PolicyLookUp<StsFacts> {
  const { now, errand } = terms;
  const { sts: before } = yield* recall(domain);
  const { record, recordUntil } = yield* lookUpRecord(domain, now);
  const used = errand === 'delivery';
  const id = record.kind === 'found' ? record.id : before?.known?.id;
  if (id === undefined || !isToBeFetched(before, record, terms)) {
    const keep = before === undefined ? null : (afterLook(before, now, used) ?? null);
    return factsFrom({ domain, now, record, recordUntil, entry: keep ?? before, keep, tried: undefined });
  }
  const outcome = yield* fetchPolicy(domain);
  const fetched = judgeFetch(outcome);
  const attempt: Attempt = { domain, id, now, jitter: terms.jitter, used };
  const entry =
    fetched.kind === 'fetched'
      ? afterFetch(before, fetched.policy, attempt)
      : afterFailure(before, fetched, attempt);
  const succeeded = fetched.kind === 'fetched';
  const evidence = [succeeded ? fetchEvidence(domain, outcome) : `${urlOf(domain)}: ${fetched.because}`];
  return factsFrom({ domain, now, record, recordUntil, entry, keep: entry, tried: { succeeded, evidence } });
}

function isToBeFetched(
  entry: StsEntry | undefined,
  record: RecordLookUp,
  { now, errand }: StsTerms,
): boolean {
  if (errand === 'forced') return true;
  const need = stsNeed(entry, record, now);
  if (errand === 'again' && need !== 'wait' && entry !== undefined && mayBeFetchedAgain(entry, now))
    return true;
  return need === 'fetch' || (need === 'refresh' && errand === 'refresh');
}

interface LookedUp {
  readonly record: RecordLookUp;
  readonly recordUntil: EpochMs;
}

function* lookUpRecord(domain: Domain, now: EpochMs): PolicyLookUp<LookedUp> {
  const name = stsRecordName(domain);
  if (name.kind !== 'ok') {
    const because = `the name of the record would be too long (${name.because})`;
    return { record: { kind: 'absent', because }, recordUntil: now + LONGEST_USE_MS };
  }
  const answer = yield* resolve({ name: nameOf(name.value), type: types.TXT });
  const usableMs = answer.kind === 'unknown' ? UNKNOWN_FOR_MS : Math.min(answer.ttl * 1000, LONGEST_USE_MS);
  return { record: recordIn(answer), recordUntil: now + usableMs };
}

function recordIn(answer: Answer): RecordLookUp {
  if (answer.kind === 'absent')
    return { kind: 'absent', because: `there is no TXT record (${answer.status})` };
  if (answer.kind === 'unknown') return { kind: 'unknown', because: answer.because };
  const txts: string[][] = [];
  for (const data of answer.records) {
    const strings = readTxt(data);
    if (strings === undefined) return { kind: 'invalid', because: 'a TXT record there is malformed' };
    txts.push(strings);
  }
  return readStsRecord(txts);
}

function fetchEvidence(domain: Domain, outcome: HttpsOutcome): string {
  if (outcome.kind !== 'answered') return `${urlOf(domain)}: ${outcome.because}`;
  const { status, body, address, tls } = outcome.answer;
  return `${urlOf(domain)}: ${status} with ${body.length} octets from ${address}, ${tls.version}`;
}

function urlOf(domain: Domain): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}
