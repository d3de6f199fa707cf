/** JSON that a stranger has written: measured before it is parsed, and without names that mean something to JavaScript. */
import { type Refused, refused } from './answers.ts';

/** More than any request of ours has. */
const MOST_DEPTH = 8;
/**
 * Objects, lists and their items. A million empty lists are two megabytes on the wire and two hundred in memory, so they
 * are counted before anything is made of them.
 */
const MOST_VALUES = 50_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Names by which an object can be made to inherit from what a client sent. */
const LOADED = new Set(['__proto__', 'constructor', 'prototype']);

export type Json = { readonly kind: 'ok'; readonly value: unknown } | Refused;

export function readJson(bytes: Uint8Array): Json {
  const excess = excessOf(bytes);
  if (excess !== undefined) return excess;
  let value: unknown;
  try {
    // A byte order mark stays, and is no JSON.
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    const what = error instanceof SyntaxError ? 'JSON' : 'UTF-8';
    return refused(400, `the request is not ${what}`);
  }
  const loaded = loadedNameIn(value, '');
  return loaded === undefined
    ? { kind: 'ok', value }
    : refused(400, `${loaded}: no field is called so`, { field: loaded });
}

/** What of the text goes too deep, or is too much; other faults are the parser's to find. */
function excessOf(bytes: Uint8Array): Refused | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfText(bytes, at + 1);
    // "[" and "{", "]" and "}".
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      values += 1;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === COMMA) values += 1;
    if (depth > MOST_DEPTH) return refused(400, 'the JSON goes too deep', { limit: MOST_DEPTH });
    if (values > MOST_VALUES) return refused(400, 'the JSON has too many values', { limit: MOST_VALUES });
  }
  return undefined;
}

/** Where the quote stands that ends the text, or the end of all. */
function endOfText(bytes: Uint8Array, start: number): number {
  for (let from = start; ; ) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote < 0) return bytes.length;
    let backslashes = 0;
    while (quote - 1 - backslashes >= start && bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

/** Goes no deeper than {@link MOST_DEPTH}. */
function loadedNameIn(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const here = Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    if (LOADED.has(name)) return here;
    const below = loadedNameIn(item, here);
    if (below !== undefined) return below;
  }
  return undefined;
}
