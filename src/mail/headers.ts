/**
 * Bounded reading of a header section: the fields of a message or of a MIME part, as they stand in the bytes.
 *
 * RFC 5322 §2.2 (fields, folding), §4.5 (obsolete forms that still have to be read).
 */

export interface HeaderLimits {
  /** Octets of the section that are looked at. */
  readonly bytes: number;
  readonly fields: number;
}

/** One field. Offsets count from the first byte that was given to {@link readHeaderSection}. */
export interface HeaderField {
  /** As written, without the colon. */
  readonly name: string;
  readonly start: number;
  /** Just behind the colon. */
  readonly valueStart: number;
  /** Just behind the CRLF of the last line. */
  readonly end: number;
}

export interface HeaderSection {
  readonly fields: readonly HeaderField[];
  /** Just behind the last field. */
  readonly end: number;
  /** Where the body starts: behind the empty line, or `end` where there is none. */
  readonly bodyStart: number;
  /** What ended the section; behind `limit` there may be more fields. */
  readonly endedBy: 'empty-line' | 'not-a-field' | 'end-of-input' | 'limit';
}

/** Enough for any header section that people send; longer ones are cut off, and say so. */
export const defaultHeaderLimits: HeaderLimits = { bytes: 1_048_576, fields: 5_000 };

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/** Reads the fields up to the first empty line, or up to a line that is not a field; copies nothing. */
export function readHeaderSection(message: Uint8Array, limits: HeaderLimits): HeaderSection {
  const seen = message.subarray(0, limits.bytes);
  const outOfBytes = seen.length < message.length ? 'limit' : 'end-of-input';
  const fields: HeaderField[] = [];
  let start = 0;
  for (;;) {
    const stop = (endedBy: HeaderSection['endedBy'], bodyStart = start): HeaderSection => {
      return { fields, end: start, bodyStart, endedBy };
    };
    if (start === seen.length) return stop(outOfBytes);
    if (seen[start] === CR && seen[start + 1] === LF) return stop('empty-line', start + 2);
    const colon = endOfName(seen, start);
    if (colon === undefined) return stop('not-a-field');
    const end = endOfField(seen, start);
    if (end === undefined) return stop(outOfBytes === 'limit' ? 'limit' : 'not-a-field');
    if (fields.length === limits.fields) return stop('limit');
    fields.push({ name: latin1(seen.subarray(start, colon.nameEnd)), start, valueStart: colon.at + 1, end });
    start = end;
  }
}

/** The value with its folds undone (CRLF before white space removed), one character per octet, untrimmed. */
export function unfoldedValue(message: Uint8Array, field: HeaderField): string {
  return latin1(message.subarray(field.valueStart, field.end - 2)).replace(/\r\n(?=[ \t])/g, '');
}

/** The fields of that name, in the order they stand in; names compare without regard to case. */
export function fieldsNamed(section: HeaderSection, name: string): readonly HeaderField[] {
  const wanted = name.toLowerCase();
  return section.fields.filter((field) => field.name.toLowerCase() === wanted);
}

/** How many Received fields a message carries: the hops it has made (RFC 5321 §6.3). */
export function countHops(message: Uint8Array, limits: HeaderLimits = defaultHeaderLimits): number {
  return fieldsNamed(readHeaderSection(message, limits), 'received').length;
}

function endOfName(bytes: Uint8Array, start: number): { nameEnd: number; at: number } | undefined {
  let nameEnd = start;
  while (isNameByte(bytes[nameEnd])) nameEnd += 1;
  let at = nameEnd;
  // RFC 5322 §4.5.8 lets old messages have white space before the colon; a hop hidden that way still counts.
  while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
  return nameEnd > start && bytes[at] === COLON ? { nameEnd, at } : undefined;
}

function isNameByte(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0x20 && byte < 0x7f && byte !== COLON;
}

/** @returns the offset behind the CRLF that no white space follows, or undefined where there is none. */
function endOfField(bytes: Uint8Array, start: number): number | undefined {
  for (let from = start; ; ) {
    const lf = bytes.indexOf(LF, from);
    if (lf === -1) return undefined;
    const next = bytes[lf + 1];
    if (bytes[lf - 1] === CR && next !== SPACE && next !== TAB) return lf + 1;
    from = lf + 1;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
