/** Finding the parts of a multipart body. RFC 2046 §5.1.1. */

interface PartRange {
  readonly start: number;
  /** The CRLF in front of a delimiter belongs to the delimiter. */
  readonly end: number;
}

export type Multipart =
  | {
      readonly kind: 'parts';
      /** In order; everything in front of the first and the lines between them is delimiters and preamble. */
      readonly parts: readonly PartRange[];
      /** Where the first delimiter line starts: what stands before it is the preamble. */
      readonly preambleEnd: number;
      /** Behind the line of the closing delimiter; the length of the body where it is missing. */
      readonly epilogueStart: number;
    }
  | { readonly kind: 'unreadable'; readonly because: string };

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const HYPHEN = 0x2d;

/**
 * Splits a body at its delimiter lines.
 *
 * A line that goes on behind the boundary is content, not a delimiter: `--outer1` does not end a part of `outer`.
 * Where the closing delimiter is missing, the last part reaches to the end.
 *
 * @param boundary printable ASCII.
 */
export function splitMultipart(body: Uint8Array, boundary: string, mostParts: number): Multipart {
  const source = Buffer.from(body.buffer, body.byteOffset, body.length);
  const mark = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const nextMark = (from: number): number => {
    const at = source.indexOf(mark, from);
    return at === -1 ? source.length : at + 2;
  };
  const parts: PartRange[] = [];
  let preambleEnd: number | undefined;
  let partStart = 0;
  let resume = 0;
  // The first delimiter needs no CRLF of its own: the empty line behind the header is in front of it.
  const opens = source.subarray(0, mark.length - 2).equals(mark.subarray(2));
  for (let at = opens ? 0 : nextMark(0); at < source.length; at = nextMark(resume)) {
    resume = at;
    const line = readDelimiter(source, at + mark.length - 2);
    if (line === undefined) continue;
    // The CRLF in front may be the line end of the delimiter before: then the part is empty.
    if (preambleEnd !== undefined) parts.push({ start: partStart, end: Math.max(partStart, at - 2) });
    if (parts.length > mostParts) return tooMany(mostParts);
    preambleEnd ??= at;
    if (line.closes) return { kind: 'parts', parts, preambleEnd, epilogueStart: line.end };
    partStart = line.end;
    resume = line.end - 2;
  }
  if (preambleEnd === undefined) return { kind: 'unreadable', because: 'its boundary does not appear in it' };
  parts.push({ start: partStart, end: source.length });
  if (parts.length > mostParts) return tooMany(mostParts);
  return { kind: 'parts', parts, preambleEnd, epilogueStart: source.length };
}

/**
 * Reads what stands behind a boundary that begins a line.
 *
 * @returns undefined where the line goes on, so that it is no delimiter.
 */
function readDelimiter(source: Buffer, afterBoundary: number): { end: number; closes: boolean } | undefined {
  let end = afterBoundary;
  const closes = source[end] === HYPHEN && source[end + 1] === HYPHEN;
  if (closes) end += 2;
  while (source[end] === SPACE || source[end] === TAB) end += 1;
  if (end === source.length) return { end, closes };
  return source[end] === CR && source[end + 1] === LF ? { end: end + 2, closes } : undefined;
}

function tooMany(most: number): Multipart {
  return { kind: 'unreadable', because: `it has more than ${most} parts` };
}
