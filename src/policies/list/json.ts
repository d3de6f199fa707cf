/** The JSON of a policy list: bounded, UTF-8, and with no name twice in one object. */
import { type Parsed, quote } from '../../names/domain.ts';

/** A list, its policies, one of them, its hosts: four. Fields that are not known may go a little deeper. */
const MOST_DEPTH = 8;
/**
 * Objects, lists and their items. Two megabytes of empty lists are two hundred in memory, so they are counted before anything
 * is made of them.
 */
const MOST_VALUES = 500_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Reads JSON of which everybody has to understand the same.
 *
 * Where a name stands twice in an object, JSON.parse takes the last of them and others the first (RFC 8259 §4): a list that
 * says two things of one domain says nothing.
 */
export function readListJson(bytes: Uint8Array): Parsed<unknown> {
  let text: string;
  try {
    // A mark of byte order stays, and is no JSON.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return invalid('it is not UTF-8');
  }
  try {
    const excess = excessOf(text);
    if (excess !== undefined) return invalid(excess);
    const value: unknown = JSON.parse(text);
    const twice = nameThatStandsTwice(text);
    if (twice !== undefined) return invalid(`the name ${quote(twice)} stands twice in one object`);
    return { kind: 'ok', value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return invalid('it is not JSON');
  }
}

/** What goes too deep, or is too much; other faults are the parser's to find. */
function excessOf(text: string): string | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at + 1);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
    }
    if (depth > MOST_DEPTH) return `it goes deeper than ${MOST_DEPTH} levels`;
    if (values > MOST_VALUES) return `it has more than ${MOST_VALUES} values`;
  }
  return undefined;
}

/** @param text that is JSON. */
function nameThatStandsTwice(text: string): string | undefined {
  /** The names of each object that is open; of a list none. */
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_LIST:
      case OPEN_OBJECT:
        open.push(new Set());
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        open.pop();
        break;
      case QUOTE: {
        const end = endOfString(text, at + 1);
        if (text.charCodeAt(behindSpace(text, end + 1)) === COLON) {
          const name = String(JSON.parse(text.slice(at, end + 1)));
          const names = open.at(-1);
          if (names?.has(name) === true) return name;
          names?.add(name);
        }
        at = end;
      }
    }
  }
  return undefined;
}

/** Where the quote stands that ends the string, or the end of all. */
function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}

/** Space, tab, line feed and carriage return (RFC 8259 §2). */
function behindSpace(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); isSpace(code); code = text.charCodeAt(at)) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
