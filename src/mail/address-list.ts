/**
 * The addresses in a field such as From. RFC 5322 §3.4; RFC 6854 (groups in From), RFC 6532 (beyond ASCII).
 *
 * Read strictly, and with the obsolete forms refused: who may write as whom depends on it, and where two programs read a
 * field differently, one of them shows somebody else as the author.
 */
import type { Parsed } from '../names/domain.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';

export interface Token {
  /** A mark is one of `.`, `@`, `,`, `:`, `;`, `<`, `>`. */
  readonly kind: 'word' | 'mark';
  readonly text: string;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
  /** Just behind it, in characters. */
  readonly end: number;
}

/** Octets of the value; with more than that nobody writes who he is. */
const MAX_VALUE = 64 * 1024;
const MAX_COMMENTS = 20;

const ATOM = /[\w!#$%&'*+\-/=?^`{|}~\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+/uy;
const QUOTED = /"(?:[^"\\\r\n\0]|\\[^\r\n\0])*"/uy;
const LITERAL = /\[[\x21-\x5a\x5e-\x7e]*\]/uy;

/**
 * @param value unfolded, one character per octet, as header fields are read.
 * @returns at least one address, those in groups among them.
 */
export function readAddressList(value: string): Parsed<readonly Mailbox[]> {
  if (value.length > MAX_VALUE) return invalid(`it is longer than ${MAX_VALUE} octets`);
  const parts = addressParts(value);
  if (parts.kind === 'invalid') return parts;
  const found: Mailbox[] = [];
  for (const { tokens, mayBeEmpty } of parts.value.parts) {
    if (tokens.length === 0 && mayBeEmpty) continue;
    const mailbox = mailboxOf(tokens);
    if (mailbox === undefined) return invalid('it holds something that is no address');
    found.push(mailbox);
  }
  return found.length === 0 ? invalid('it names no address') : { kind: 'ok', value: found };
}

/** What stands between two marks of a list; names of groups are none. */
interface AddressPart {
  /** None where the element is empty. */
  readonly tokens: readonly Token[];
  /** Whether nothing at all is right there: in an empty group, and behind the end of one. */
  readonly mayBeEmpty: boolean;
}

export interface AddressParts {
  /** The value as characters. */
  readonly text: string;
  readonly parts: readonly AddressPart[];
}

/** Divides a list at its marks, and sees to it that groups begin and end. @param value one character per octet. */
export function addressParts(value: string): Parsed<AddressParts> {
  const text = fromUtf8(value);
  if (text === undefined) return invalid('it is not UTF-8');
  const tokens = tokensOf(text);
  if (tokens === undefined) return invalid('it holds what stands in no address');
  const parts: AddressPart[] = [];
  let inGroup = false;
  for (let at = 0; at <= tokens.length; ) {
    const end = endOfPart(tokens, at);
    const part = tokens.slice(at, end);
    const before = tokens[at - 1]?.text;
    const mark = tokens[end]?.text;
    at = end + 1;
    if (mark === ':') {
      if (inGroup || part.length === 0 || !isPhrase(part)) return invalid('a group is malformed');
      inGroup = true;
      continue;
    }
    parts.push({ tokens: part, mayBeEmpty: before === ';' || (before === ':' && mark === ';') });
    if (mark === ';') {
      if (!inGroup) return invalid('a group ends that has not begun');
      inGroup = false;
    }
  }
  return inGroup ? invalid('a group does not end') : { kind: 'ok', value: { text, parts } };
}

/** The next comma, colon or semicolon outside angle brackets. */
function endOfPart(tokens: readonly Token[], from: number): number {
  let inside = false;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== 'mark') continue;
    if (token.text === '<') inside = true;
    else if (token.text === '>') inside = false;
    else if (!inside && /[,:;]/.test(token.text)) return at;
  }
  return tokens.length;
}

function mailboxOf(part: readonly Token[]): Mailbox | undefined {
  const opening = part.findIndex(({ kind, text }) => kind === 'mark' && text === '<');
  if (opening === -1) return addressOf(part);
  if (part.at(-1)?.text !== '>' || !isPhrase(part.slice(0, opening))) return undefined;
  return addressOf(part.slice(opening + 1, -1));
}

/** `local@domain`; white space within one would be an obsolete form. */
function addressOf(tokens: readonly Token[]): Mailbox | undefined {
  if (tokens.some(({ kind, text }) => kind === 'mark' && text !== '.' && text !== '@')) return undefined;
  if (tokens.slice(1).some(({ spaced }) => spaced)) return undefined;
  const parsed = parseMailbox(tokens.map(({ text }) => text).join(''), { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : undefined;
}

/** A name that is shown; dots in it are obsolete, and everywhere (`J. Doe`). */
export function isPhrase(tokens: readonly Token[]): boolean {
  return tokens.every(({ kind, text }) => (kind === 'word' ? !text.startsWith('[') : text === '.'));
}

/** @returns undefined where the text holds something else; comments and white space are left out. */
function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let comments = 0;
  let spaced = false;
  for (let at = 0; at < text.length; ) {
    const character = text[at] ?? '';
    if (character === ' ' || character === '\t') {
      spaced = true;
      at += 1;
    } else if (character === '(') {
      const end = endOfComment(text, at);
      comments += 1;
      if (end === undefined || comments > MAX_COMMENTS) return undefined;
      spaced = true;
      at = end;
    } else if ('.@,:;<>'.includes(character)) {
      at += 1;
      tokens.push({ kind: 'mark', text: character, spaced, end: at });
      spaced = false;
    } else {
      const word = wordAt(text, at);
      if (word === undefined) return undefined;
      at += word.length;
      tokens.push({ kind: 'word', text: word, spaced, end: at });
      spaced = false;
    }
  }
  return tokens;
}

function wordAt(text: string, at: number): string | undefined {
  for (const pattern of [ATOM, QUOTED, LITERAL]) {
    pattern.lastIndex = at;
    const [word] = pattern.exec(text) ?? [];
    if (word !== undefined) return word;
  }
  return undefined;
}

/** Just behind the comment, which may hold others; undefined where it does not end. */
function endOfComment(text: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/** @returns undefined where the octets are not UTF-8. */
export function fromUtf8(latin1: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return undefined;
  }
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
