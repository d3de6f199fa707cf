/** The OPT record: what both sides can do, and what they say beside question and answer. RFC 6891 §6. */
import type { Edns } from './message.ts';
import { charactersAt, putU16, u16, writeCharacters } from './octets.ts';
import { type ExtendedError, types } from './record.ts';

/** An OPT record: the wide part of the rcode belongs to the message. */
export interface Opt {
  readonly edns: Edns;
  /** The upper eight bits of twelve (RFC 6891 §6.1.3). */
  readonly upperRcode: number;
}

const COOKIE = 10;
const EXTENDED_ERROR = 15;
const DNSSEC_OK = 0x8000;
/** Octets of a COOKIE option: the client's part, and that with a server's part behind it (RFC 7873 §4). */
const CLIENT_COOKIE = 8;
const MIN_COOKIES = 16;
const MAX_COOKIES = 40;
/** Reasons kept of one message, and characters of one. They are for people, and proven by nobody. */
const MAX_ERRORS = 16;
const MAX_ERROR_TEXT = 200;
/** An OPT record without options, and what stands before the octets of an option. */
const OPT_OCTETS = 11;
const OPTION_OCTETS = 4;

/**
 * Reads an OPT record.
 *
 * Its version is not looked at: an answer is "limited in format to the VERSION level of the request", which is ours.
 * Options that we do not use are passed over.
 *
 * @param size the field of the class, `ttl` that of the TTL as it came.
 * @returns undefined where the options do not add up, or a cookie has a length that "MUST" end in the answer being
 *   discarded (RFC 7873 §5.3).
 */
export function readOpt(
  message: Uint8Array,
  size: number,
  ttl: number,
  from: number,
  end: number,
): Opt | undefined {
  let cookie: Uint8Array | undefined;
  const errors: ExtendedError[] = [];
  for (let at = from; at < end; ) {
    if (end - at < 4) return undefined;
    const code = u16(message, at);
    const first = at + 4;
    at = first + u16(message, at + 2);
    if (at > end) return undefined;
    if (code === COOKIE) {
      if (!isCookieLength(at - first)) return undefined;
      cookie ??= message.slice(first, at);
    } else if (code === EXTENDED_ERROR) {
      if (at - first < 2) return undefined;
      if (errors.length < MAX_ERRORS) errors.push(readError(message, first, at));
    }
  }
  return {
    edns: { udpSize: size, dnssecOk: (ttl & DNSSEC_OK) !== 0, cookie, errors },
    upperRcode: ttl >>> 24,
  };
}

function isCookieLength(length: number): boolean {
  return length === CLIENT_COOKIE || (length >= MIN_COOKIES && length <= MAX_COOKIES);
}

/** RFC 8914 §2: the text is UTF-8, may end in a zero octet, and goes to people: so only what every terminal shows. */
function readError(message: Uint8Array, at: number, end: number): ExtendedError {
  const text = charactersAt(message, at + 2, Math.min(end, at + 2 + MAX_ERROR_TEXT));
  return { code: u16(message, at), text: text.replace(/\0$/, '').replaceAll(/[^ -~]/g, '?') };
}

/** What an OPT record says that can be written. */
type Written = Omit<Edns, 'errors'> & Partial<Pick<Edns, 'errors'>>;

/** The OPT record of a message; the texts of errors are ASCII. */
export function optRecord(edns: Written, upperRcode: number): Uint8Array {
  const record = new Uint8Array(optOctets(edns));
  putOpt(record, 0, edns, upperRcode);
  return record;
}

/** How many octets the OPT record has. */
export function optOctets({ cookie, errors = [] }: Written): number {
  const ofCookie = cookie === undefined ? 0 : OPTION_OCTETS + cookie.length;
  return errors.reduce((sum, { text }) => sum + OPTION_OCTETS + 2 + text.length, OPT_OCTETS + ofCookie);
}

/** Writes the OPT record into octets that are zero. */
export function putOpt(octets: Uint8Array, from: number, edns: Written, upperRcode: number): void {
  const { udpSize, dnssecOk, cookie, errors = [] } = edns;
  // The name of the root, and version 0.
  putU16(octets, from + 1, types.OPT);
  putU16(octets, from + 3, udpSize);
  octets[from + 5] = upperRcode;
  putU16(octets, from + 7, dnssecOk ? DNSSEC_OK : 0);
  putU16(octets, from + 9, optOctets(edns) - OPT_OCTETS);
  let at = from + OPT_OCTETS;
  if (cookie !== undefined) {
    putU16(octets, at, COOKIE);
    putU16(octets, at + 2, cookie.length);
    octets.set(cookie, at + OPTION_OCTETS);
    at += OPTION_OCTETS + cookie.length;
  }
  for (const { code, text } of errors) {
    putU16(octets, at, EXTENDED_ERROR);
    putU16(octets, at + 2, 2 + text.length);
    putU16(octets, at + 4, code);
    writeCharacters(octets, at + 6, text);
    at += OPTION_OCTETS + 2 + text.length;
  }
}
