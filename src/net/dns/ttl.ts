/** How long an answer may be kept. RFC 2308 §5, RFC 2181 §8, RFC 4035 §5.3.3, RFC 9520 §3.2. */
import { secondsTo } from '../../dns/dnssec/time.ts';
import type { Message } from '../../dns/message.ts';
import { type ResourceRecord, types } from '../../dns/record.ts';
import { readSoa, timesOfRrsig } from '../../dns/records.ts';

/** Whatever a TTL says. */
export const MAX_TTL_SECONDS = 86_400;
/** That somebody cannot answer is remembered so long: RFC 9520 §3.2 wants at least one second and at most five minutes. */
export const FAILURE_SECONDS = 5;

const NOERROR = 0;
const NXDOMAIN = 3;

/** Seconds for which a message may be used again; 0 for not at all. */
export function ttlOf({ rcode, answers, authority, additional }: Message): number {
  if (rcode !== NOERROR && rcode !== NXDOMAIN) return FAILURE_SECONDS;
  const ttl = leastTtl(answers, leastTtl(authority, leastTtl(additional, MAX_TTL_SECONDS)));
  // Aliases without SOA are no denial: the resolver has not looked where they lead.
  const denies =
    rcode === NXDOMAIN || answers.length === 0 || authority.some(({ type }) => type === types.SOA);
  return denies ? Math.min(ttl, negativeTtl(authority)) : ttl;
}

/**
 * Seconds for which the signatures in a message let it be used again: no longer than any of them is good, and than who
 * signed it wanted, whatever the TTL has become on the way (RFC 4035 §5.3.3).
 *
 * @param now seconds since 1970.
 */
export function signedTtlOf({ answers, authority }: Message, now: number): number {
  return leastSigned(answers, leastSigned(authority, MAX_TTL_SECONDS, now), now);
}

function leastTtl(records: readonly ResourceRecord[], most: number): number {
  let least = most;
  for (const { ttl } of records) if (ttl < least) least = ttl;
  return least;
}

function leastSigned(records: readonly ResourceRecord[], most: number, now: number): number {
  let least = most;
  for (const { type, data } of records) {
    if (type !== types.RRSIG) continue;
    const { originalTtl, expiration } = timesOfRrsig(data);
    // One that has expired may stand beside another one, and is no reason to ask all the time.
    least = Math.min(least, originalTtl, Math.max(secondsTo(expiration, now), FAILURE_SECONDS));
  }
  return least;
}

/** RFC 2308 §5: what is not there is remembered by the SOA, and without one not at all. */
export function negativeTtl(authority: readonly ResourceRecord[]): number {
  const soa = authority.find(({ type }) => type === types.SOA);
  const minimum = soa === undefined ? undefined : readSoa(soa.data)?.minimum;
  return soa === undefined || minimum === undefined ? 0 : Math.min(soa.ttl, minimum, MAX_TTL_SECONDS);
}

/** The message as it is so many seconds later. */
export function aged(message: Message, seconds: number): Message {
  if (seconds === 0) return message;
  const older = (records: readonly ResourceRecord[]): readonly ResourceRecord[] =>
    records.map((record) => ({ ...record, ttl: Math.max(0, record.ttl - seconds) }));
  return {
    ...message,
    answers: older(message.answers),
    authority: older(message.authority),
    additional: older(message.additional),
  };
}
