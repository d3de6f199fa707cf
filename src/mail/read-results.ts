/** Reads what others say in Authentication-Results. RFC 8601 §2.2; RFC 5322 §3.2 (white space, comments, quotes). */

/** What one method came to. */
export interface ReadResult {
  /** In lower case. */
  readonly method: string;
  /** In lower case. */
  readonly result: string;
  /** By `ptype.property`, in lower case; of one that stands twice the first. */
  readonly properties: ReadonlyMap<string, string>;
}

const LONGEST = 64 * 1024;

/**
 * Who says to have written the field.
 *
 * @param value of the field, folds and all, one character per octet.
 * @returns undefined where the value does not begin as RFC 8601 §2.2 says.
 */
export function readAuthservId(value: string): string | undefined {
  const reader = { text: value, at: 0 };
  if (!skipBlanks(reader)) return undefined;
  const id = readQuoted(reader) ?? readWhile(reader, /[^\s;()"=,<>]/);
  if (id === undefined || id === '' || !skipBlanks(reader)) return undefined;
  // A version may follow; then a semicolon, or nothing.
  readWhile(reader, /[0-9]/);
  if (!skipBlanks(reader)) return undefined;
  return reader.at === value.length || value[reader.at] === ';' ? id : undefined;
}

/**
 * The results in the value of an Authentication-Results, or of an ARC-Authentication-Results behind its `i=N;`.
 *
 * @returns undefined where any part of it is not as RFC 8601 §2.2 says.
 */
export function readResults(value: string): readonly ReadResult[] | undefined {
  if (value.length > LONGEST || readAuthservId(value) === undefined) return undefined;
  const parts = split(value);
  if (parts === undefined) return undefined;
  const results: ReadResult[] = [];
  for (const words of parts.slice(1)) {
    const [first, ...rest] = words;
    if (first === undefined) continue;
    if (first.value === undefined) {
      if (first.name.toLowerCase() === 'none') continue;
      return undefined;
    }
    const properties = new Map<string, string>();
    for (const { name, value: said } of rest) {
      if (said === undefined) return undefined;
      const key = name.toLowerCase();
      if (!properties.has(key)) properties.set(key, said);
    }
    // A method may have a version: `dkim/1`.
    const [method] = first.name.toLowerCase().split('/');
    results.push({ method: method ?? '', result: first.value.toLowerCase(), properties });
  }
  return results;
}

interface Reader {
  readonly text: string;
  at: number;
}

/** `name`, or `name=value`. */
interface Word {
  readonly name: string;
  readonly value: string | undefined;
}

/** The words between semicolons, comments left out; undefined where a quote or a comment does not end. */
function split(text: string): readonly (readonly Word[])[] | undefined {
  const reader = { text, at: 0 };
  const parts: Word[][] = [];
  let words: Word[] = [];
  for (;;) {
    if (!skipBlanks(reader)) return undefined;
    if (reader.at === text.length) return [...parts, words];
    if (text[reader.at] === ';') {
      parts.push(words);
      words = [];
      reader.at += 1;
      continue;
    }
    const word = readWord(reader);
    if (word === undefined) return undefined;
    words.push(word);
  }
}

function readWord(reader: Reader): Word | undefined {
  const name = readQuoted(reader) ?? readWhile(reader, /[^\s;()"=]/);
  if (name === undefined || name === '' || !skipBlanks(reader)) return undefined;
  if (reader.text[reader.at] !== '=') return { name, value: undefined };
  reader.at += 1;
  if (!skipBlanks(reader)) return undefined;
  const inQuotes = readQuoted(reader);
  const value = (inQuotes ?? '') + readWhile(reader, /[^\s;()"]/);
  return value === '' && inQuotes === undefined ? undefined : { name, value };
}

function readWhile(reader: Reader, wanted: RegExp): string {
  const from = reader.at;
  while (reader.at < reader.text.length && wanted.test(reader.text.charAt(reader.at))) reader.at += 1;
  return reader.text.slice(from, reader.at);
}

/** Undefined where there is none here, or one without an end. */
function readQuoted(reader: Reader): string | undefined {
  if (reader.text[reader.at] !== '"') return undefined;
  let value = '';
  for (let at = reader.at + 1; at < reader.text.length; at += 1) {
    const character = reader.text.charAt(at);
    if (character === '"') {
      reader.at = at + 1;
      return value;
    }
    if (character === '\\') at += 1;
    value += reader.text.charAt(at);
  }
  return undefined;
}

/** White space and comments, which nest; false where a comment does not end. */
function skipBlanks(reader: Reader): boolean {
  let depth = 0;
  for (; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text.charAt(reader.at);
    if (depth > 0 && character === '\\') reader.at += 1;
    else if (character === '(') depth += 1;
    else if (character === ')' && depth > 0) depth -= 1;
    else if (depth === 0 && !/[ \t\r\n]/.test(character)) return true;
  }
  return depth === 0;
}
