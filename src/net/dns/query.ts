/** Questions as they go out, and whether what came back is about them. RFC 5452 §9.1. */
import { encodeQuery } from '../../dns/encode.ts';
import { HEADER_OCTETS } from '../../dns/message.ts';
import type { Question } from '../../dns/record.ts';
import type { Entropy } from './entropy.ts';

/** What all questions of one resolver have in common. */
export interface Wishes {
  /** CD: answers that the resolver takes for bogus are wanted too (RFC 4035 §3.2.2, RFC 6840 §5.9). */
  readonly checkingDisabled: boolean;
  /** AD: we understand the AD bit of an answer (RFC 6840 §5.7). */
  readonly authenticData: boolean;
  /** DO: records of DNSSEC are wanted (RFC 3225 §3). */
  readonly dnssecOk: boolean;
}

export interface Query {
  /** One message, not shared with any other query; the first two octets are for the id. */
  readonly bytes: Uint8Array;
  /** Where the question section ends, which begins behind the header. */
  readonly questionEnd: number;
}

/**
 * How a message fits a query, its id aside.
 *
 * `other-case`: the name is the same but for the case of letters. `no-question`: the question is missing, as from
 * servers that could not read the query.
 */
export type Fit = 'same' | 'other-case' | 'no-question' | 'other';

/** Type and class behind the name. */
const QUESTION_TAIL_OCTETS = 4;

/** Whole on every path that DNS is expected to cross, without fragments (the DNS flag day of 2020). */
const UDP_OCTETS = 1232;

/**
 * Writes a query with id 0.
 *
 * @param spelling where the random case of letters comes from; undefined: all in lower case.
 * @param cookie undefined: without one. @param edns whether the resolver knows EDNS; without it there is no DO.
 */
export function buildQuery(
  question: Question,
  { checkingDisabled, authenticData, dnssecOk }: Wishes,
  { edns, cookie, spelling }: Manner,
): Query {
  const bytes = encodeQuery({
    id: 0,
    question,
    ...(spelling === undefined ? {} : { rawName: spell(question.name, spelling) }),
    recursionDesired: true,
    checkingDisabled,
    authenticData,
    edns: edns ? { udpSize: UDP_OCTETS, dnssecOk, cookie } : undefined,
  });
  return { bytes, questionEnd: HEADER_OCTETS + question.name.length + QUESTION_TAIL_OCTETS };
}

/** How this one resolver is spoken to. */
export interface Manner {
  readonly edns: boolean;
  readonly cookie: Uint8Array | undefined;
  readonly spelling: Entropy | undefined;
}

/** The name with each letter in a case of its own, which whoever forges an answer has to guess as well. */
function spell(name: string, entropy: Entropy): Uint8Array {
  const spelled = Buffer.from(name, 'latin1');
  let dice = 0;
  for (let at = 0; at < spelled.length; at += 1) {
    const octet = spelled[at] ?? 0;
    // No length of a label is that of a letter: labels have at most 63 octets.
    if (octet < 0x61 || octet > 0x7a) continue;
    if (dice <= 1) dice = 0x100 | entropy.octet();
    if ((dice & 1) === 1) spelled[at] = octet & ~CASE_BIT;
    dice >>= 1;
  }
  return spelled;
}

const CASE_BIT = 0x20;
const QR = 0x80;
const OPCODE = 0x78;

/** Whether a message is an answer to this query; ids are the caller's business. */
export function fitOf({ bytes, questionEnd }: Query, reply: Uint8Array): Fit {
  const flags = reply[2] ?? 0;
  if (reply.length < HEADER_OCTETS || (flags & QR) === 0 || (flags & OPCODE) !== 0) return 'other';
  const questions = (reply[4] ?? 0) * 256 + (reply[5] ?? 0);
  if (questions === 0) return 'no-question';
  if (questions !== 1 || reply.length < questionEnd) return 'other';
  const nameEnd = questionEnd - QUESTION_TAIL_OCTETS;
  let fit: Fit = 'same';
  for (let at = HEADER_OCTETS; at < questionEnd; at += 1) {
    const asked = bytes[at] ?? 0;
    const got = reply[at] ?? 0;
    if (asked === got) continue;
    const lower = asked | CASE_BIT;
    if (at >= nameEnd || lower !== (got | CASE_BIT) || lower < 0x61 || lower > 0x7a) return 'other';
    fit = 'other-case';
  }
  return fit;
}

/** Whether the name has letters, so that its case can tell anything. */
export function hasLetters({ name }: Question): boolean {
  return /[a-z]/.test(name);
}
