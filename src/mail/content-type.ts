/** Values of the two MIME fields that say how a body is to be read. RFC 2045 §5.1 (Content-Type), §6.1 (encoding). */
import { type Parsed, quote } from '../names/domain.ts';

export interface ContentType {
  /** Lower-case. */
  readonly type: string;
  /** Lower-case. */
  readonly subtype: string;
  /** By lower-case name; undefined where they cannot be read, or one of them stands there twice. */
  readonly parameters: ReadonlyMap<string, string> | undefined;
}

const LONGEST_VALUE = 10_000;
const TOKEN = /[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+/y;
const QUOTED_STRING = /"((?:[^"\\\r\n]|\\[^\r\n])*)"/y;

/**
 * Reads the unfolded value of a Content-Type field.
 *
 * Parameters that cannot be read do not make the type unreadable: a leaf part needs none of them.
 */
export function parseContentType(value: string): Parsed<ContentType> {
  const reader = { text: value, at: 0 };
  const type = value.length <= LONGEST_VALUE && skipComments(reader) ? take(reader, TOKEN)?.[0] : undefined;
  const slash = type !== undefined && takeCharacter(reader, '/');
  const subtype = slash ? take(reader, TOKEN)?.[0] : undefined;
  if (type === undefined || subtype === undefined) {
    return { kind: 'invalid', because: `${quote(value)} is not type/subtype` };
  }
  const parameters = readParameters(reader);
  return { kind: 'ok', value: { type: type.toLowerCase(), subtype: subtype.toLowerCase(), parameters } };
}

/** Reads the unfolded value of a Content-Transfer-Encoding field: one token, given back in lower case. */
export function parseTransferEncoding(value: string): Parsed<string> {
  const reader = { text: value, at: 0 };
  const token = value.length <= LONGEST_VALUE && skipComments(reader) ? take(reader, TOKEN)?.[0] : undefined;
  if (token === undefined || !skipComments(reader) || reader.at < value.length) {
    return { kind: 'invalid', because: `${quote(value)} is not one token` };
  }
  return { kind: 'ok', value: token.toLowerCase() };
}

interface Reader {
  readonly text: string;
  at: number;
}

function readParameters(reader: Reader): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (;;) {
    if (!skipComments(reader)) return undefined;
    if (reader.at === reader.text.length) return parameters;
    if (!takeCharacter(reader, ';')) return undefined;
    // A semicolon at the very end is not in the grammar, but common, and nobody reads it in two ways.
    if (reader.at === reader.text.length) return parameters;
    const name = take(reader, TOKEN)?.[0].toLowerCase();
    if (name === undefined || parameters.has(name) || !takeCharacter(reader, '=')) return undefined;
    const value = take(reader, TOKEN)?.[0] ?? take(reader, QUOTED_STRING)?.[1]?.replace(/\\(.)/g, '$1');
    if (value === undefined) return undefined;
    parameters.set(name, value);
  }
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text);
  if (match === null) return undefined;
  reader.at = pattern.lastIndex;
  return match;
}

/** Takes one character with the comments around it. */
function takeCharacter(reader: Reader, character: string): boolean {
  if (!skipComments(reader) || reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return skipComments(reader);
}

/** Moves over white space and nested comments (RFC 5322 §3.2.2); false where a comment does not end. */
function skipComments(reader: Reader): boolean {
  let depth = 0;
  for (; reader.at < reader.text.length; reader.at++) {
    const character = reader.text[reader.at] ?? '';
    if (character === '(') depth += 1;
    else if (depth > 0 && character === ')') depth -= 1;
    else if (depth > 0 && character === '\\') reader.at += 1;
    else if (depth === 0 && character !== ' ' && character !== '\t') break;
  }
  return depth === 0 && reader.at <= reader.text.length;
}
