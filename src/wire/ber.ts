/**
 * BER (X.690) as LDAP restricts it: tags of one octet, lengths in the definite form (RFC 4511 §5.1).
 *
 * Everything read is a view of what was given: nothing is allocated by a length that a peer announces, and nothing
 * descends by itself, so the depth is that of the code that asks.
 */

/** One element; its content holds elements of its own where the tag is a constructed one. */
export interface BerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The first octets of an element: its tag and the length of its content. */
interface BerHead {
  readonly kind: 'head';
  readonly tag: number;
  /** Octets of tag and length. */
  readonly headLength: number;
  /** Octets of the content, which need not be there yet. */
  readonly length: number;
}

export type BerHeadResult =
  | BerHead
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly because: string };

/** The tags that are no protocol's own. */
export const berTags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tags of this number go on in further octets; LDAP has none so high. */
const LONG_TAG = 0x1f;
const LONG_LENGTH = 0x80;
/** Octets of a length: four of them say up to 4 GiB, which every reader's own limit cuts down. */
const MAX_LENGTH_OCTETS = 4;
/** Octets of an integer: LDAP's largest is 2^31 - 1 (RFC 4511 §4.1.1). */
const MAX_INTEGER_OCTETS = 4;

/**
 * Reads the head of the element at `at`.
 *
 * A length may have leading zeros, as BER allows and some directories always write.
 */
export function readBerHead(bytes: Uint8Array, at = 0): BerHeadResult {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined) return { kind: 'incomplete' };
  if ((tag & LONG_TAG) === LONG_TAG) return { kind: 'malformed', because: 'a tag of more than one octet' };
  if (first === undefined) return { kind: 'incomplete' };
  if (first < LONG_LENGTH) return { kind: 'head', tag, headLength: 2, length: first };
  const octets = first - LONG_LENGTH;
  if (octets === 0) return { kind: 'malformed', because: 'a length in the indefinite form' };
  if (octets > MAX_LENGTH_OCTETS) return { kind: 'malformed', because: `a length of ${octets} octets` };
  let length = 0;
  for (let index = 0; index < octets; index++) {
    const octet = bytes[at + 2 + index];
    if (octet === undefined) return { kind: 'incomplete' };
    // Not by shifting, which would make 2^31 negative.
    length = length * 256 + octet;
  }
  return { kind: 'head', tag, headLength: 2 + octets, length };
}

/**
 * Reads the elements that stand one after the other and fill `content` to its last octet.
 *
 * @returns undefined where they do not, or where there are more than `max`.
 */
export function berElements(content: Uint8Array, max: number): readonly BerElement[] | undefined {
  const elements: BerElement[] = [];
  for (let at = 0; at < content.length; ) {
    const head = readBerHead(content, at);
    if (head.kind !== 'head' || elements.length === max) return undefined;
    const begin = at + head.headLength;
    at = begin + head.length;
    if (at > content.length) return undefined;
    elements.push({ tag: head.tag, content: content.subarray(begin, at) });
  }
  return elements;
}

/** The value of an INTEGER or ENUMERATED; undefined where it has no octets, or more than four. */
export function berNumber(content: Uint8Array): number | undefined {
  if (content.length === 0 || content.length > MAX_INTEGER_OCTETS) return undefined;
  let value = (content[0] ?? 0) >= 0x80 ? -1 : 0;
  for (const octet of content) value = value * 256 + octet;
  return value;
}

/** The value of a BOOLEAN; undefined where it is not one octet. TRUE is 255 (RFC 4511 §5.1); nothing else is. */
export function berBoolean(content: Uint8Array): boolean | undefined {
  if (content.length !== 1) return undefined;
  return content[0] === 0 ? false : content[0] === 0xff ? true : undefined;
}

/** The text of an OCTET STRING as UTF-8; undefined where it is none. */
export function berText(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** Writes an element around what it holds. */
export function ber(tag: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(
    contents.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)),
  );
  return Buffer.concat([Buffer.of(tag, ...lengthOctets(content.length)), content]);
}

/** Writes an INTEGER or ENUMERATED of 0 to 2^31 - 1. */
export function berWhole(tag: number, value: number): Buffer {
  const octets = [value & 0xff];
  for (let rest = value >>> 8; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  // The first bit is the sign.
  if ((octets[0] ?? 0) >= 0x80) octets.unshift(0);
  return ber(tag, Buffer.from(octets));
}

function lengthOctets(length: number): number[] {
  if (length < LONG_LENGTH) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [LONG_LENGTH + octets.length, ...octets];
}
