/** Messages as octets: questions for the program, answers for servers of tests and of the lab. RFC 1035 §4. */
import { optOctets, optRecord, putOpt } from './edns.ts';
import { type Edns, flags, HEADER_OCTETS, IN, type Message, RCODE } from './message.ts';
import { putU16, putU32, writeCharacters } from './octets.ts';
import type { Question, ResourceRecord } from './record.ts';

/** A question as it is sent. */
export interface Query {
  /** 0 to 65535. */
  readonly id: number;
  readonly question: Question;
  /** The name of the question in the spelling that goes out, where that is not lower case: a secret of ours (0x20). */
  readonly rawName?: Uint8Array;
  /** RD. */
  readonly recursionDesired: boolean;
  /** CD (RFC 4035 §3.2.2): whether what the resolver thinks of the signatures is not to count. */
  readonly checkingDisabled: boolean;
  /** AD (RFC 6840 §5.7): that the bit in the answer will be understood. */
  readonly authenticData: boolean;
  readonly edns: Omit<Edns, 'errors'> | undefined;
}

const MAX_OCTETS = 65_535;
/** Type and class behind the name of a question. */
const QUESTION_TAIL_OCTETS = 4;

/** Writes a query. */
export function encodeQuery(query: Query): Uint8Array {
  const { id, question, rawName, edns } = query;
  const word =
    (query.recursionDesired ? flags.RD : 0) |
    (query.authenticData ? flags.AD : 0) |
    (query.checkingDisabled ? flags.CD : 0);
  const optAt = HEADER_OCTETS + question.name.length + QUESTION_TAIL_OCTETS;
  const message = new Uint8Array(optAt + (edns === undefined ? 0 : optOctets(edns)));
  putU16(message, 0, id);
  putU16(message, 2, word);
  putU16(message, 4, 1);
  putU16(message, 10, edns === undefined ? 0 : 1);
  putQuestion(message, HEADER_OCTETS, question, rawName);
  if (edns !== undefined) putOpt(message, optAt, edns, 0);
  return message;
}

/**
 * Writes any message as it is, without compression.
 *
 * @throws RangeError for an rcode above 15 without EDNS, and for what does not fit into 64 KiB.
 */
export function encodeMessage(message: Message): Uint8Array {
  const { id, question, answers, authority, additional, edns, rcode } = message;
  if (rcode > RCODE && edns === undefined) throw new RangeError(`rcode ${rcode} needs EDNS`);
  const word =
    (message.response ? flags.QR : 0) |
    (message.authoritative ? flags.AA : 0) |
    (message.truncated ? flags.TC : 0) |
    (message.recursionAvailable ? flags.RA : 0) |
    (message.authenticated ? flags.AD : 0) |
    (rcode & RCODE);
  const questions = question === undefined ? [] : [questionOctets(question)];
  const opts = edns === undefined ? [] : [optRecord(edns, rcode >> 4)];
  const records = [...answers, ...authority, ...additional].map(recordOctets);
  const counts = [questions.length, answers.length, authority.length, additional.length + opts.length];
  return withHeader([id, word, ...counts], [...questions, ...records, ...opts]);
}

function questionOctets(question: Question): Uint8Array {
  const octets = new Uint8Array(question.name.length + QUESTION_TAIL_OCTETS);
  putQuestion(octets, 0, question, undefined);
  return octets;
}

function putQuestion(
  octets: Uint8Array,
  at: number,
  { name, type }: Question,
  rawName: Uint8Array | undefined,
): void {
  if (rawName === undefined) writeCharacters(octets, at, name);
  else octets.set(rawName, at);
  putU16(octets, at + name.length, type);
  putU16(octets, at + name.length + 2, IN);
}

function recordOctets({ name, type, ttl, data }: ResourceRecord): Uint8Array {
  const octets = new Uint8Array(name.length + 10 + data.length);
  const at = name.length;
  writeCharacters(octets, 0, name);
  putU16(octets, at, type);
  putU16(octets, at + 2, IN);
  putU32(octets, at + 4, ttl);
  putU16(octets, at + 8, data.length);
  octets.set(data, at + 10);
  return octets;
}

function withHeader(words: readonly number[], parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, HEADER_OCTETS);
  if (length > MAX_OCTETS) throw new RangeError(`a message cannot have ${length} octets`);
  const message = new Uint8Array(length);
  for (const [index, word] of words.entries()) putU16(message, 2 * index, word);
  let at = HEADER_OCTETS;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}
