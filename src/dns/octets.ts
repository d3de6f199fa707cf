/** Numbers and names where they stand in octets. RFC 1035 §3.1, §4.1.4. */
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name } from './name.ts';

/** Two octets at `at`, the most significant first; whoever calls has checked that they are there. */
export function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

/** Four octets at `at`, unsigned, the most significant first; whoever calls has checked that they are there. */
export function u32(octets: Uint8Array, at: number): number {
  return u16(octets, at) * 0x10000 + u16(octets, at + 2);
}

/** Writes two octets at `at`, the most significant first; of a larger number the lower 16 bits. */
export function putU16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >> 8;
  octets[at + 1] = value;
}

/** Writes four octets at `at`, the most significant first. */
export function putU32(octets: Uint8Array, at: number, value: number): void {
  putU16(octets, at, value >>> 16);
  putU16(octets, at + 2, value);
}

/** Order of octet strings as RFC 4034 §6.3 has it: unsigned, a missing octet first. @returns below, at or above 0. */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Compression pointers followed for one name: no more are needed than a name can have labels. */
const MAX_POINTERS = 127;
/** Of a message; no name stands in it. */
const HEADER_OCTETS = 12;
const scratch = Buffer.alloc(MAX_NAME_OCTETS);

/** A name that was read, in lower case. */
export interface ReadName {
  readonly name: Name;
  /** The place after it, a pointer counted as part of it. */
  readonly end: number;
}

/** Reads the name at `at`, which must not be compressed. @returns undefined where there is no whole name. */
export function plainNameAt(octets: Uint8Array, at: number): ReadName | undefined {
  const size = copyLabels(octets, at, 0);
  return octets[at + size] === 0 ? { name: nameOfScratch(size), end: at + size + 1 } : undefined;
}

/**
 * Reads the name at `at` of a message, with the pointers of RFC 1035 §4.1.4.
 *
 * A pointer must point before the labels that it follows: so reading ends, and what it costs has a limit for each name.
 *
 * @returns undefined where there is no such name.
 */
export function nameAt(message: Uint8Array, at: number): ReadName | undefined {
  let size = 0;
  let end: number | undefined;
  let from = at;
  for (let pointers = 0; pointers <= MAX_POINTERS; pointers += 1) {
    const copied = copyLabels(message, from, size);
    size += copied;
    const next = from + copied;
    const octet = message[next];
    if (octet === 0) return { name: nameOfScratch(size), end: end ?? next + 1 };
    if (octet === undefined || octet < 0xc0 || next + 1 >= message.length) return undefined;
    const target = u16(message, next) & 0x3fff;
    if (target < HEADER_OCTETS || target >= from) return undefined;
    end ??= next + 2;
    from = target;
  }
  return undefined;
}

/** Whether the name at `at` is written out and in lower case; then the place after it, else -1. */
export function endOfCanonicalName(octets: Uint8Array, at: number): number {
  for (let next = at; next - at < MAX_NAME_OCTETS; ) {
    const length = octets[next] ?? MAX_LABEL_OCTETS + 1;
    if (length === 0) return next + 1;
    if (length > MAX_LABEL_OCTETS) return -1;
    const end = next + 1 + length;
    for (next += 1; next < end; next += 1) if (isUpperCase(octets[next] ?? 0)) return -1;
  }
  return -1;
}

/** Writes each character of latin1 as its octet. */
export function writeCharacters(octets: Uint8Array, at: number, characters: string): void {
  for (let index = 0; index < characters.length; index += 1)
    octets[at + index] = characters.charCodeAt(index);
}

/** Octets from `from` to `to` as characters of latin1; at most 255. */
export function charactersAt(octets: Uint8Array, from: number, to: number): string {
  scratch.set(octets.subarray(from, to));
  return scratch.toString('latin1', 0, to - from);
}

/**
 * Copies labels from `at` on in lower case behind the first `size` octets of {@link scratch}, up to the octet that is not
 * the length of a label, or of one that does not fit.
 *
 * @returns how many octets that were; more than there are where a label is cut off.
 */
function copyLabels(octets: Uint8Array, at: number, size: number): number {
  let from = at;
  let to = size;
  for (;;) {
    const length = octets[from] ?? 0;
    if (length === 0 || length > MAX_LABEL_OCTETS) break;
    const end = from + 1 + length;
    // The root's label has to fit behind it.
    if (to + length + 2 > MAX_NAME_OCTETS) break;
    scratch[to] = length;
    for (from += 1, to += 1; from < end; from += 1, to += 1) {
      const octet = octets[from] ?? 0;
      scratch[to] = isUpperCase(octet) ? octet + 0x20 : octet;
    }
  }
  return from - at;
}

function isUpperCase(octet: number): boolean {
  return octet >= 0x41 && octet <= 0x5a;
}

function nameOfScratch(size: number): Name {
  scratch[size] = 0;
  return scratch.toString('latin1', 0, size + 1) as Name;
}
