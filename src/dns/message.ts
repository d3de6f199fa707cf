/** DNS messages: what a resolver is asked, and what it answers. RFC 1035 §4, RFC 6891 (EDNS). */
import { type Opt, readOpt } from './edns.ts';
import { type Name, root } from './name.ts';
import { nameAt, u16, u32 } from './octets.ts';
import { canonicalRdata } from './rdata.ts';
import { type ExtendedError, type Question, type ResourceRecord, types } from './record.ts';

/** A message as it was read: nothing of it is proven. */
export interface Message {
  /** 0 to 65535. */
  readonly id: number;
  /** QR: an answer. */
  readonly response: boolean;
  /** AA. */
  readonly authoritative: boolean;
  /** TC: the rest is to be had by TCP. */
  readonly truncated: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** AD (RFC 4035 §3.2.3): the resolver says that it has validated all of it. */
  readonly authenticated: boolean;
  /** With the upper bits that EDNS brings. */
  readonly rcode: number;
  /** Undefined where there is none; more than one, or another class than IN, does not parse. */
  readonly question: Question | undefined;
  /** Records of class IN; others are left out. */
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  /** Without OPT. */
  readonly additional: readonly ResourceRecord[];
  readonly edns: Edns | undefined;
}

/** The OPT record of an answer. */
export interface Edns {
  readonly udpSize: number;
  /** DO. */
  readonly dnssecOk: boolean;
  /** The whole COOKIE option, client part first (RFC 7873 §4): 8, or 16 to 40 octets. */
  readonly cookie: Uint8Array | undefined;
  readonly errors: readonly ExtendedError[];
}

/** What reading gives: the message, or what is wrong with it. */
export type Decoded =
  | {
      readonly kind: 'ok';
      readonly message: Message;
      /** The name of the question, octet by octet as it came; empty where there is no question. A view of the message. */
      readonly rawQuestionName: Uint8Array;
    }
  | { readonly kind: 'malformed'; readonly because: string };

export const HEADER_OCTETS = 12;
/** Type and class behind the name of a question. */
const QUESTION_TAIL_OCTETS = 4;
/** The class of the Internet. */
export const IN = 1;
/** Bits of the second word of the header (RFC 1035 §4.1.1, RFC 4035 §3.1.6 and §3.2). */
export const flags = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 };
/** The bits of it that hold the lower part of the rcode. */
export const RCODE = 0x000f;

/** As many as 64 KiB can hold of A records: of all honest sets, the one with most. */
const MAX_RECORDS = 4096;
/** Octets that names and RDATA may take once they are written out: four times what a message holds. */
const MAX_WRITTEN_OCTETS = 4 * 65_535;
/**
 * Up to this size of a message RDATA is a view of it, which is quick; of larger ones it is copied, so that a record of 20
 * octets that is kept does not keep 64 KiB.
 */
const MAX_VIEWED_OCTETS = 1232;

/** Where reading stands. */
interface Reading {
  readonly octets: Uint8Array;
  /** Whether RDATA is copied. */
  readonly copies: boolean;
  at: number;
  /** Octets that may still be written out. */
  left: number;
  /** Names read so far by where they stand written: most names are a pointer to one of them. */
  readonly names: Map<number, Name>;
  opt: Opt | undefined;
}

/** What is wrong, in a sentence about the message. */
type Fault = string;

/**
 * Reads a message, exactly: all of it is understood, or it is malformed.
 *
 * So a record that is not as its type says makes all of the message malformed: without that record, the answer would say
 * something else. Work and memory grow with the length only, whatever the octets are.
 *
 * @param bytes not to be changed afterwards: records may be views of it.
 */
export function decodeMessage(bytes: Uint8Array): Decoded {
  if (bytes.length < HEADER_OCTETS) return malformed('it is shorter than its header');
  const reading = startReading(bytes);
  const { octets } = reading;
  const opcode = (u16(octets, 2) >> 11) & 0xf;
  if (opcode !== 0) return malformed(`its opcode is ${opcode}, not that of a query`);
  if (u16(octets, 6) + u16(octets, 8) + u16(octets, 10) > MAX_RECORDS)
    return malformed(`it has more than ${MAX_RECORDS} records`);
  const question = readQuestion(reading, u16(octets, 4));
  if (typeof question === 'string') return malformed(question);
  const rawQuestionName = octets.subarray(HEADER_OCTETS, reading.at - QUESTION_TAIL_OCTETS);
  const answers = readRecords(reading, u16(octets, 6), false);
  if (typeof answers === 'string') return malformed(answers);
  const authority = readRecords(reading, u16(octets, 8), false);
  if (typeof authority === 'string') return malformed(authority);
  const additional = readRecords(reading, u16(octets, 10), true);
  if (typeof additional === 'string') return malformed(additional);
  if (reading.at !== octets.length) return malformed('octets follow its last record');
  const message = messageOf(reading, question, answers, authority, additional);
  return { kind: 'ok', message, rawQuestionName };
}

function malformed(because: Fault): Decoded {
  return { kind: 'malformed', because };
}

function startReading(bytes: Uint8Array): Reading {
  const copies = bytes.length > MAX_VIEWED_OCTETS;
  // A small message may be part of something large, such as what TCP brought.
  const alone = copies || bytes.buffer.byteLength <= MAX_VIEWED_OCTETS;
  return {
    // Plain views are quicker to make than those of a Buffer.
    octets: alone ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : new Uint8Array(bytes),
    copies,
    at: HEADER_OCTETS,
    left: MAX_WRITTEN_OCTETS,
    names: new Map(),
    opt: undefined,
  };
}

function messageOf(
  { octets, opt }: Reading,
  question: Question | undefined,
  answers: readonly ResourceRecord[],
  authority: readonly ResourceRecord[],
  additional: readonly ResourceRecord[],
): Message {
  const word = u16(octets, 2);
  return {
    id: u16(octets, 0),
    response: (word & flags.QR) !== 0,
    authoritative: (word & flags.AA) !== 0,
    truncated: (word & flags.TC) !== 0,
    recursionAvailable: (word & flags.RA) !== 0,
    authenticated: (word & flags.AD) !== 0,
    rcode: ((opt?.upperRcode ?? 0) << 4) | (word & RCODE),
    question,
    answers,
    authority,
    additional,
    edns: opt?.edns,
  };
}

function readQuestion(reading: Reading, count: number): Question | undefined | Fault {
  if (count === 0) return undefined;
  if (count > 1) return 'it has more than one question';
  const { octets } = reading;
  const name = readName(reading);
  const { at } = reading;
  if (name === undefined || at + QUESTION_TAIL_OCTETS > octets.length)
    return 'its question is malformed or cut off';
  if (u16(octets, at + 2) !== IN) return 'its question is not of class IN';
  reading.at = at + QUESTION_TAIL_OCTETS;
  return { name, type: u16(octets, at) };
}

function readRecords(reading: Reading, count: number, additional: boolean): ResourceRecord[] | Fault {
  const records: ResourceRecord[] = [];
  for (let number = 0; number < count; number += 1) {
    const fault = readRecord(reading, records, additional);
    if (fault !== undefined) return fault;
  }
  return records;
}

/** Reads the next record into `records`, OPT into its own place, and passes over those of other classes. */
function readRecord(reading: Reading, records: ResourceRecord[], additional: boolean): Fault | undefined {
  const { octets } = reading;
  const name = readName(reading);
  const { at } = reading;
  const from = at + 10;
  const end = from + u16(octets, at + 8);
  if (name === undefined) return 'the name of a record is malformed or cut off';
  if (from > octets.length || end > octets.length) return 'a record is cut off';
  reading.at = end;
  const type = u16(octets, at);
  const recordClass = u16(octets, at + 2);
  const ttl = u32(octets, at + 4);
  if (type === types.OPT) {
    // RFC 6891 §6.1.1 and §6.1.2.
    if (!additional || reading.opt !== undefined || name !== root)
      return 'an OPT record is out of place, there twice or not of the root';
    reading.opt = readOpt(octets, recordClass, ttl, from, end);
    return reading.opt === undefined ? 'its OPT record is malformed' : undefined;
  }
  if (recordClass !== IN) return undefined;
  const data = canonicalRdata(octets, type, from, end);
  if (data === undefined) return `a record is not what its type, ${type}, says`;
  reading.left -= data.length;
  if (reading.left < 0) return `it takes more than ${MAX_WRITTEN_OCTETS} octets when it is written out`;
  // RFC 2181 §8: a TTL with the most significant bit set counts as zero.
  records.push({ name, type, ttl: ttl > 0x7fff_ffff ? 0 : ttl, data: reading.copies ? data.slice() : data });
  return undefined;
}

function readName(reading: Reading): Name | undefined {
  const { octets, at, names } = reading;
  const isPointer = (octets[at] ?? 0) >= 0xc0;
  const place = isPointer ? u16(octets, at) & 0x3fff : at;
  const known = isPointer ? names.get(place) : undefined;
  if (known !== undefined) {
    reading.at = at + 2;
    return known;
  }
  const read = nameAt(octets, at);
  if (read === undefined) return undefined;
  names.set(place, read.name);
  reading.at = read.end;
  reading.left -= read.name.length;
  return read.name;
}
