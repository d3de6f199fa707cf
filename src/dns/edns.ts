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

/** The OPT record of a message; the texts of errors are ASCII. */
export function optRecord({ udpSize, dnssecOk, cookie, errors }: Edns, upperRcode: number): Uint8Array {
  const options: [code: number, octets: Uint8Array][] = errors.map((error) => [
    EXTENDED_ERROR,
    errorOctets(error),
  ]);
  if (cookie !== undefined) options.unshift([COOKIE, cookie]);
  const length = options.reduce((sum, [, octets]) => sum + 4 + octets.length, 0);
  // The name of the root, and version 0.
  const record = new Uint8Array(11 + length);
  putU16(record, 1, types.OPT);
  putU16(record, 3, udpSize);
  record[5] = upperRcode;
  putU16(record, 7, dnssecOk ? DNSSEC_OK : 0);
  putU16(record, 9, length);
  let at = 11;
  for (const [code, octets] of options) {
    putU16(record, at, code);
    putU16(record, at + 2, octets.length);
    record.set(octets, at + 4);
    at += 4 + octets.length;
  }
  return record;
}

function errorOctets({ code, text }: ExtendedError): Uint8Array {
  const octets = new Uint8Array(2 + text.length);
  putU16(octets, 0, code);
  writeCharacters(octets, 2, text);
  return octets;
}
