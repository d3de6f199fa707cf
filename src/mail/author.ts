/** Who a message says it is from. RFC 5322 §3.4 (addresses), §3.6.2 (From). */
import type { Domain } from '../names/domain.ts';
import { parseMailbox } from '../names/mailbox.ts';

const LONGEST = 16_384;
const MOST = 100;

/**
 * The domains of the mailboxes in the unfolded value of a From field, each once, in their order.
 *
 * A value that is not exactly a list of mailboxes has none: two readers would find two authors in it. Neither has one
 * with a group or an address literal.
 *
 * @param value as characters: octets above 127 are those of UTF-8, decoded.
 */
export function authorDomains(value: string): readonly Domain[] {
  const mailboxes = value.length > LONGEST ? undefined : splitList(value);
  if (mailboxes === undefined || mailboxes.length > MOST) return [];
  const domains = new Set<Domain>();
  for (const text of mailboxes) {
    const mailbox = parseMailbox(text, { utf8: true });
    if (mailbox.kind !== 'ok' || mailbox.value.at.kind === 'literal') return [];
    domains.add(mailbox.value.at.domain);
  }
  return [...domains];
}

/** One addr-spec for each mailbox of the list; undefined where it is not a list of mailboxes. */
function splitList(value: string): readonly string[] | undefined {
  const mailboxes: string[] = [];
  const reader = { text: value, at: 0 };
  for (;;) {
    const mailbox = readMailbox(reader);
    if (mailbox === undefined) return undefined;
    mailboxes.push(mailbox);
    if (reader.at === value.length) return mailboxes;
    // readMailbox stops at a comma or at the end.
    reader.at += 1;
  }
}

interface Reader {
  readonly text: string;
  at: number;
}

/** Quotes, comments and what is between them, each as one piece; linear, as every alternative begins differently. */
const QUOTED = /"(?:[^"\\]|\\.)*"/sy;
const ANGLE = /<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>/sy;

/** Reads up to a comma or the end: `addr-spec`, or `phrase <addr-spec>`, comments anywhere outside of the angles. */
function readMailbox(reader: Reader): string | undefined {
  let plain = '';
  let angle: string | undefined;
  for (; reader.at < reader.text.length; ) {
    const character = reader.text[reader.at] ?? '';
    if (character === ',') break;
    if (character === '(') {
      if (!skipComment(reader)) return undefined;
      continue;
    }
    if (character === '<') {
      const match = angle === undefined ? take(reader, ANGLE) : undefined;
      if (match === undefined) return undefined;
      angle = trimmed(match[1] ?? '');
      continue;
    }
    if (character === '"') {
      const match = take(reader, QUOTED);
      if (match === undefined) return undefined;
      plain += match[0];
    } else if (/[>:;\\()[\]]/.test(character)) {
      return undefined;
    } else {
      plain += character;
      reader.at += 1;
    }
    // Behind the angles nothing may stand but comments.
    if (angle !== undefined && character !== ' ' && character !== '\t') return undefined;
  }
  return angle ?? trimmed(plain);
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text);
  if (match === null) return undefined;
  reader.at = pattern.lastIndex;
  return match;
}

function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text[from])) from += 1;
  while (to > from && isBlank(text[to - 1])) to -= 1;
  return text.slice(from, to);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/** Comments nest (RFC 5322 §3.2.2); false where one does not end. */
function skipComment(reader: Reader): boolean {
  let depth = 0;
  for (; reader.at < reader.text.length; reader.at++) {
    const character = reader.text[reader.at];
    if (character === '(') depth += 1;
    else if (character === '\\') reader.at += 1;
    else if (character === ')') depth -= 1;
    if (depth === 0) {
      reader.at += 1;
      return true;
    }
  }
  return false;
}
