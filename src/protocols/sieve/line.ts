/** Lines of ManageSieve with their strings, literals included: reading and writing. RFC 5804 §1.2, §4. */
import { nextLine } from '../../wire/next-line.ts';

/** What a line is made of. */
export interface Word {
  /** `code`: a response code in parentheses, of which only the name is kept. */
  readonly kind: 'atom' | 'string' | 'code';
  /** As latin1; a string without its quotes and escapes. */
  readonly text: string;
}

export type ParsedLine =
  /** `used`: octets with its last CRLF. */
  | { readonly kind: 'line'; readonly words: readonly Word[]; readonly used: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly what: 'too-long' | 'malformed' };

/** Who says it: a client's literals carry a plus, as nobody asks for them, a server's never (RFC 5804 §4). */
export type Speaker = 'client' | 'server';

const LITERAL = /\{([0-9]{1,10})(\+?)\}$/;
/** Of one line; the longest command has two. A line is read anew each time that more of it is there. */
const MAX_LITERALS = 8;
/** Stands for a literal where the rest of its line is read: no NUL can be outside one. */
const HERE = '\0';

/**
 * Reads one line from the first of these octets on; the same for every cut of them.
 *
 * @param maxBytes octets allowed, those of literals included; the only bound of a quoted string.
 */
export function parseLine(octets: Buffer, speaker: Speaker, maxBytes: number): ParsedLine {
  const literals: string[] = [];
  let text = '';
  let at = 0;
  for (;;) {
    const next = nextLine(octets.subarray(at), maxBytes - at);
    if (next.kind === 'more') return next;
    if (next.kind === 'bad')
      return { kind: 'bad', what: next.what === 'too-long' ? 'too-long' : 'malformed' };
    at += next.used;
    const literal = LITERAL.exec(next.line);
    if (literal === null) {
      const words = wordsOf(text + next.line, literals);
      return words === undefined ? { kind: 'bad', what: 'malformed' } : { kind: 'line', words, used: at };
    }
    if ((literal[2] === '+') !== (speaker === 'client')) return { kind: 'bad', what: 'malformed' };
    const end = at + Number(literal[1]);
    if (end > maxBytes || literals.length === MAX_LITERALS) return { kind: 'bad', what: 'too-long' };
    if (octets.length < end) return { kind: 'more' };
    text += next.line.slice(0, literal.index) + HERE;
    literals.push(octets.toString('latin1', at, end));
    at = end;
  }
}

const ATOM = String.raw`[!#-'*-[\]-z|~]+`;
const STRING = String.raw`"(?:[^"\\\0]|\\["\\])*"|\0`;
const WORD = new RegExp(`(?:(${ATOM})|(${STRING})|\\((${ATOM})(?: (?:${ATOM}|${STRING}))*\\))( |$)`, 'y');

/** @returns undefined where the line is not words with one space between any two. */
function wordsOf(text: string, literals: readonly string[]): Word[] | undefined {
  const words: Word[] = [];
  let literal = 0;
  let more = true;
  for (WORD.lastIndex = 0; more; ) {
    const match = WORD.exec(text);
    if (match === null) return undefined;
    const [whole, atom, string, code, space] = match;
    if (atom !== undefined) words.push({ kind: 'atom', text: atom });
    else if (string === HERE) words.push({ kind: 'string', text: literals[literal] ?? '' });
    else if (string !== undefined)
      words.push({ kind: 'string', text: string.slice(1, -1).replace(/\\(.)/g, '$1') });
    else words.push({ kind: 'code', text: code ?? '' });
    literal += whole.split(HERE).length - 1;
    more = space === ' ';
  }
  return words;
}

/** The end of an answer (RFC 5804 §1.2), `BYE` also where nothing was asked. */
export interface Condition {
  readonly name: 'OK' | 'NO' | 'BYE';
  /** What it says to people; empty where it says nothing. */
  readonly text: string;
}

/** @returns undefined where the line is no condition. */
export function conditionOf(words: readonly Word[]): Condition | undefined {
  const name = nameOf(words);
  if (name !== 'OK' && name !== 'NO' && name !== 'BYE') return undefined;
  const rest = words.slice(words[1]?.kind === 'code' ? 2 : 1);
  const [text, ...more] = rest;
  if (more.length > 0 || (text !== undefined && text.kind !== 'string')) return undefined;
  return { name, text: text?.text ?? '' };
}

/** The name of a command, in capitals: the first word, where that is an atom. */
export function nameOf([first]: readonly Word[]): string | undefined {
  return first?.kind === 'atom' ? first.text.toUpperCase() : undefined;
}

/** Writes a string: in quotes, or as a server's literal where it cannot stand in them. */
export function writeString(text: string): string {
  if (text.length > 1024 || /[\r\n\0]/.test(text)) return `{${text.length}}\r\n${text}`;
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
