/** Netstrings, as the socketmap protocol frames requests and replies: `LENGTH:OCTETS,`. */
import type { Fault, RequestReader } from './dialect.ts';

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

/** Frames octets that are given, and given back, as one character each. */
export function netstring(text: string): string {
  return `${text.length}:${text},`;
}

/**
 * @param most octets of one request. The length is that of the octets between colon and comma, in decimal without leading zeros:
 *   whoever writes it in another way may mean something else by it.
 */
export function netstringReader(most: number): RequestReader {
  const digits = String(most).length;
  let buffered: Buffer = EMPTY;
  let at = 0;

  function takeOne(): string | Fault | undefined {
    const end = buffered.length;
    let length = 0;
    let colon = at;
    for (; colon < end; colon += 1) {
      const octet = buffered[colon] ?? 0;
      if (octet === COLON) break;
      if (octet < ZERO || octet > NINE) return NO_LENGTH;
      if (colon > at && length === 0) return LEADING_ZERO;
      length = length * 10 + octet - ZERO;
      if (colon - at >= digits || length > most) return { because: `a request has more than ${most} octets` };
    }
    if (colon === end) return undefined;
    if (colon === at) return NO_LENGTH;
    const start = colon + 1;
    const comma = start + length;
    if (comma >= end) return undefined;
    if (buffered[comma] !== COMMA) return NO_COMMA;
    at = comma + 1;
    return buffered.toString('latin1', start, comma);
  }

  return {
    feed(octets) {
      buffered = at === buffered.length ? octets : Buffer.concat([buffered.subarray(at), octets]);
      at = 0;
    },
    next: () => (at === buffered.length ? undefined : takeOne()),
    get midway() {
      return at < buffered.length;
    },
  };
}

const EMPTY = Buffer.alloc(0);
const NO_LENGTH: Fault = { because: 'a request does not begin with its length' };
const LEADING_ZERO: Fault = { because: 'the length of a request has a leading zero' };
const NO_COMMA: Fault = { because: 'a request does not end where it says' };
