/** The Type Bit Maps field of NSEC and NSEC3: which types a name has. RFC 4034 §4.1.2, RFC 5155 §3.2.1. */
import type { RecordType } from './record.ts';

/** The types that a name has, as the owner of the zone says. */
export interface TypeBitmap {
  has(type: RecordType): boolean;
  /** All of them, in ascending order. */
  all(): RecordType[];
}

/** Octets of the bitmap of one window. */
const MAX_WINDOW_OCTETS = 32;

/**
 * Reads the field from `from` to the end of the RDATA; it may be empty, which only NSEC3 allows.
 *
 * @returns undefined where windows are out of order or twice, empty, too long, cut off, or end in a zero octet.
 */
export function readTypeBitmap(data: Uint8Array, from: number): TypeBitmap | undefined {
  let last = -1;
  for (let at = from; at < data.length; ) {
    const window = data[at] ?? 0;
    const length = data[at + 1] ?? 0;
    const end = at + 2 + length;
    if (window <= last || length === 0 || length > MAX_WINDOW_OCTETS || end > data.length) return undefined;
    // "Trailing zero octets in the bitmap MUST be omitted."
    if (data[end - 1] === 0) return undefined;
    last = window;
    at = end;
  }
  return { has: (type) => isSet(data, from, type), all: () => listed(data, from) };
}

function isSet(data: Uint8Array, from: number, type: RecordType): boolean {
  const octet = (type & 0xff) >> 3;
  for (let at = from; at < data.length; at += 2 + (data[at + 1] ?? 0)) {
    if (data[at] !== type >> 8) continue;
    return octet < (data[at + 1] ?? 0) && ((data[at + 2 + octet] ?? 0) & (0x80 >> (type & 7))) !== 0;
  }
  return false;
}

function listed(data: Uint8Array, from: number): RecordType[] {
  const found: RecordType[] = [];
  for (let at = from; at < data.length; at += 2 + (data[at + 1] ?? 0)) {
    const first = (data[at] ?? 0) << 8;
    const bits = (data[at + 1] ?? 0) * 8;
    for (let bit = 0; bit < bits; bit += 1) {
      if (((data[at + 2 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) found.push(first + bit);
    }
  }
  return found;
}
