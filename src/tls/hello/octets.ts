/** The presentation language of TLS (RFC 8446 §3): numbers of fixed size, vectors with their length before them. */

/** A number in so many octets, the highest first (§3.3). @throws RangeError where it does not fit. */
export function number(value: number, octets: 1 | 2 | 3): Uint8Array {
  if (value < 0 || value >= 256 ** octets)
    throw new RangeError(`${value} does not fit into ${octets} octets`);
  const bytes = new Uint8Array(octets);
  for (let at = octets - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256))
    bytes[at] = rest % 256;
  return bytes;
}

/** Numbers of two octets, one behind the other. */
export function numbers(values: readonly number[]): Uint8Array {
  const octets = Buffer.alloc(2 * values.length);
  let at = 0;
  for (const value of values) at = octets.writeUInt16BE(value, at);
  return octets;
}

/** A vector (§3.4): its parts, and before them how many octets they are. */
export function vector(lengthOctets: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([number(length, lengthOctets), ...parts]);
}

/** Octets of their own, so that whoever keeps them keeps nothing of what they came in. (What a Buffer slices is no copy.) */
export function copy(octets: Uint8Array): Uint8Array {
  return new Uint8Array(octets);
}

/** Reads a message from its first octet to its last; what is asked for beyond its end is empty, and told at {@link Cursor.isRead}. */
export interface Cursor {
  number(octets: 1 | 2 | 3): number;
  bytes(count: number): Uint8Array;
  /** A vector of `least` to `most` octets. */
  vector(lengthOctets: 1 | 2 | 3, least?: number, most?: number): Uint8Array;
  /** Whether there are octets that were not asked for yet. */
  hasMore(): boolean;
  /** Whether all that was asked for was there, and nothing is left. */
  isRead(): boolean;
}

export function read(octets: Uint8Array): Cursor {
  let at = 0;
  let isIntact = true;
  const bytes = (count: number): Uint8Array => {
    isIntact &&= at + count <= octets.length;
    if (!isIntact) return new Uint8Array();
    at += count;
    return octets.subarray(at - count, at);
  };
  const numberOf = (count: 1 | 2 | 3): number =>
    bytes(count).reduce((value, octet) => value * 256 + octet, 0);
  return {
    bytes,
    number: numberOf,
    vector(lengthOctets, least = 0, most = Infinity) {
      const length = numberOf(lengthOctets);
      isIntact &&= length >= least && length <= most;
      return bytes(length);
    },
    hasMore: () => isIntact && at < octets.length,
    isRead: () => isIntact && at === octets.length,
  };
}

/** The numbers of two octets that fill the vector; undefined where an octet is left over. */
export function readNumbers(octets: Uint8Array): readonly number[] | undefined {
  if (octets.length % 2 === 1) return undefined;
  return Array.from(
    { length: octets.length / 2 },
    (_, at) => (octets[2 * at] ?? 0) * 256 + (octets[2 * at + 1] ?? 0),
  );
}

/** What was read, and which rule it breaks; null where it cannot be read at all, and where it breaks none. */
export interface Reading<Value> {
  readonly value: Value | null;
  readonly breach: string | null;
}
