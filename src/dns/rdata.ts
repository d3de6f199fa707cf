/**
 * RDATA as it is kept: compressed names written out, names in lower case where the canonical form wants it.
 *
 * RFC 4034 §6.2 as RFC 6840 §5.1 corrects it; RFC 3597 §4 says where names may be compressed.
 */
import type { Name } from './name.ts';
import { endOfCanonicalName, nameAt, plainNameAt, writeCharacters } from './octets.ts';
import { type RecordType, types } from './record.ts';

/** What RDATA consists of: a number of octets, a name, a string with its length, or all that is left. */
type Part = number | 'name' | 'string' | 'rest';

interface Layout {
  readonly parts: readonly Part[];
  /** Whether a name in it may be a pointer. */
  readonly compressed: boolean;
}

const compressed = (...parts: readonly Part[]): Layout => ({ parts, compressed: true });
const plain = (...parts: readonly Part[]): Layout => ({ parts, compressed: false });

/**
 * The types with names that are compared without regard to case, and the addresses, whose length is theirs to know.
 *
 * NSEC is not among them: the case of its name is signed. Nor is A6, which is history: it is kept as it comes.
 */
const layouts: ReadonlyMap<RecordType, Layout> = new Map([
  [types.A, plain(4)],
  [types.AAAA, plain(16)],
  [types.NS, compressed('name')],
  [types.CNAME, compressed('name')],
  [types.SOA, compressed('name', 'name', 20)],
  [types.PTR, compressed('name')],
  [types.MX, compressed(2, 'name')],
  [3 /* MD */, compressed('name')],
  [4 /* MF */, compressed('name')],
  [7 /* MB */, compressed('name')],
  [8 /* MG */, compressed('name')],
  [9 /* MR */, compressed('name')],
  [14 /* MINFO */, compressed('name', 'name')],
  [17 /* RP */, compressed('name', 'name')],
  [18 /* AFSDB */, compressed(2, 'name')],
  [21 /* RT */, compressed(2, 'name')],
  [24 /* SIG */, compressed(18, 'name', 'rest')],
  [26 /* PX */, compressed(2, 'name', 'name')],
  [30 /* NXT */, compressed('name', 'rest')],
  // RFC 2782 forbids compression; what came before it asked for it.
  [types.SRV, compressed(6, 'name')],
  [types.NAPTR, compressed(4, 'string', 'string', 'string', 'name')],
  [36 /* KX */, plain(2, 'name')],
  [types.DNAME, plain('name')],
  [types.RRSIG, plain(18, 'name', 'rest')],
]);

/**
 * Reads the RDATA between `from` and `end` of a message.
 *
 * Other types than those above are kept as they are and not looked into.
 *
 * @returns a view of the message where the RDATA is canonical as it stands, else a copy; undefined where it is not as
 *   its type says.
 */
export function canonicalRdata(
  message: Uint8Array,
  type: RecordType,
  from: number,
  end: number,
): Uint8Array | undefined {
  const layout = layouts.get(type);
  return layout === undefined || isCanonical(message, layout, from, end)
    ? message.subarray(from, end)
    : writtenOut(message, layout, from, end);
}

function isCanonical(message: Uint8Array, { parts }: Layout, from: number, end: number): boolean {
  let at = from;
  for (const part of parts) {
    at = part === 'name' ? endOfCanonicalName(message, at) : endOfOctets(message, part, at, end);
    if (at === -1) return false;
  }
  return at === end;
}

/** The slow way, of names that are compressed or in upper case, and of everything that is wrong. */
function writtenOut(message: Uint8Array, layout: Layout, from: number, end: number): Uint8Array | undefined {
  const pieces: (Uint8Array | Name)[] = [];
  let at = from;
  for (const part of layout.parts) {
    if (part === 'name') {
      const read = layout.compressed ? nameAt(message, at) : plainNameAt(message, at);
      if (read === undefined) return undefined;
      pieces.push(read.name);
      at = read.end;
    } else {
      const next = endOfOctets(message, part, at, end);
      if (next === -1) return undefined;
      pieces.push(message.subarray(at, next));
      at = next;
    }
  }
  return at === end ? joined(pieces) : undefined;
}

/** The place after a part that is not a name; -1 where it does not end by `end`. */
function endOfOctets(message: Uint8Array, part: Exclude<Part, 'name'>, at: number, end: number): number {
  if (part === 'rest') return at > end ? -1 : end;
  const next = at + (part === 'string' ? 1 + (message[at] ?? 0) : part);
  return next > end ? -1 : next;
}

function joined(pieces: readonly (Uint8Array | Name)[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') writeCharacters(whole, at, piece);
    else whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
