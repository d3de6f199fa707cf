/**
 * The two content transfer encodings, written; and the facts about octets that make them necessary.
 *
 * RFC 2045 §6.7 (quoted-printable), §6.8 (base64); RFC 5321 §4.5.3.1.6 (text line: 1000 octets with CRLF).
 */

/** Octets of a line without its CRLF. */
export const LONGEST_LINE = 998;
const ENCODED_LINE = 76;
const BYTES_PER_BASE64_LINE = (ENCODED_LINE / 4) * 3;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const EQUALS = 0x3d;
const HYPHEN = 0x2d;
const HEX = Buffer.from('0123456789ABCDEF', 'latin1');

export interface OctetFacts {
  /** Whether any octet is above 127. */
  readonly eightBit: boolean;
  /** Octets of the longest line, CRLF not counted. */
  readonly longestLine: number;
}

/** What a transport has to know about the octets; lines end in CRLF and nothing else. */
export function octetFacts(bytes: Uint8Array): OctetFacts {
  let eightBit = false;
  let longestLine = 0;
  let start = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte > 0x7f) eightBit = true;
    else if (byte === LF && index > start && bytes[index - 1] === CR) {
      longestLine = Math.max(longestLine, index - 1 - start);
      start = index + 1;
    }
  }
  return { eightBit, longestLine: Math.max(longestLine, bytes.length - start) };
}

/** Whether any SMTP server takes these octets as they are: nothing above 127, no line over 998. */
export function isPlain(bytes: Uint8Array): boolean {
  const facts = octetFacts(bytes);
  return !facts.eightBit && facts.longestLine <= LONGEST_LINE;
}

/** Base64 in lines of 76 with CRLF between them, none behind the last. */
export function encodeBase64(bytes: Uint8Array): Buffer {
  const source = view(bytes);
  const lines = Math.ceil(source.length / BYTES_PER_BASE64_LINE);
  const encoded = Buffer.allocUnsafe(Math.ceil(source.length / 3) * 4 + Math.max(0, lines - 1) * 2);
  let at = 0;
  for (let from = 0; from < source.length; from += BYTES_PER_BASE64_LINE) {
    if (from > 0) at += encoded.write('\r\n', at, 'latin1');
    at += encoded.write(source.toString('base64', from, from + BYTES_PER_BASE64_LINE), at, 'latin1');
  }
  return encoded;
}

/**
 * Quoted-printable of text whose line breaks are CRLF; every other CR and LF is encoded.
 *
 * No line of it begins with two hyphens, so that no boundary of any multipart can appear in it.
 */
export function encodeQuotedPrintable(bytes: Uint8Array): Buffer {
  const chunks: Buffer[] = [];
  let chunk = Buffer.allocUnsafe(65_536);
  let used = 0;
  let column = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (used + 8 > chunk.length) {
      chunks.push(chunk.subarray(0, used));
      chunk = Buffer.allocUnsafe(65_536);
      used = 0;
    }
    const byte = bytes[index] ?? 0;
    if (byte === CR && bytes[index + 1] === LF) {
      chunk[used++] = CR;
      chunk[used++] = LF;
      index += 1;
      column = 0;
      continue;
    }
    const next = bytes[index + 1];
    const endsLine = next === undefined || (next === CR && bytes[index + 2] === LF);
    // One column is kept for the soft line break, unless the line ends here by itself.
    const room = ENCODED_LINE - (endsLine ? 0 : 1);
    if (column + (isLiteral(byte, next, column, endsLine) ? 1 : 3) > room) {
      chunk[used++] = EQUALS;
      chunk[used++] = CR;
      chunk[used++] = LF;
      column = 0;
    }
    if (isLiteral(byte, next, column, endsLine)) {
      chunk[used++] = byte;
      column += 1;
    } else {
      chunk[used++] = EQUALS;
      chunk[used++] = HEX[byte >> 4] ?? 0;
      chunk[used++] = HEX[byte & 15] ?? 0;
      column += 3;
    }
  }
  chunks.push(chunk.subarray(0, used));
  return Buffer.concat(chunks);
}

function isLiteral(byte: number, next: number | undefined, column: number, endsLine: boolean): boolean {
  // White space at the end of a line is lost on the way (RFC 2045 §6.7 rule 3).
  if (byte === SPACE || byte === TAB) return !endsLine;
  if (byte === HYPHEN && column === 0) return next !== HYPHEN;
  return byte > SPACE && byte < 0x7f && byte !== EQUALS;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
