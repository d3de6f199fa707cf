/**
 * Address fields as programs on the host write them, where a name alone is a mailbox here.
 *
 * RFC 5322 §3.4 (addresses), §4.4 (empty elements of lists). The strict reader is in address-list.ts.
 */
import type { Parsed } from '../names/domain.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';
import { addressParts, isPhrase, type Token } from './address-list.ts';

export interface CompletedList {
  /** May be none: of an empty group, say. */
  readonly mailboxes: readonly Mailbox[];
  /** The value with a domain behind each name that had none, as characters; the same text where all had one. */
  readonly text: string;
  readonly completed: boolean;
}

/** More than any header section that is read. */
const MAX_VALUE = 1_048_576;

/**
 * @param value unfolded, one character per octet, as header fields are read.
 * @param domain of names that have none.
 */
export function completeAddresses(value: string, domain: string): Parsed<CompletedList> {
  if (value.length > MAX_VALUE) return invalid(`it is longer than ${MAX_VALUE} octets`);
  const read = addressParts(value);
  if (read.kind === 'invalid') return read;
  const { text, parts } = read.value;
  const mailboxes: Mailbox[] = [];
  const bare: number[] = [];
  for (const { tokens } of parts) {
    if (tokens.length === 0) continue;
    const found = mailboxOf(tokens, domain);
    if (found.kind === 'invalid') return found;
    mailboxes.push(found.mailbox);
    if (found.bareAt !== undefined) bare.push(found.bareAt);
  }
  return {
    kind: 'ok',
    value: { mailboxes, text: insert(text, bare, `@${domain}`), completed: bare.length > 0 },
  };
}

type Found =
  | { readonly kind: 'ok'; readonly mailbox: Mailbox; readonly bareAt: number | undefined }
  | { readonly kind: 'invalid'; readonly because: string };

/** `bareAt`: where its domain is missing. */
function mailboxOf(part: readonly Token[], domain: string): Found {
  const opening = part.findIndex(({ kind, text }) => kind === 'mark' && text === '<');
  if (opening === -1) return addressOf(part, domain);
  if (part.at(-1)?.text !== '>' || !isPhrase(part.slice(0, opening)))
    return invalid('it holds something that is no address');
  return addressOf(part.slice(opening + 1, -1), domain);
}

function addressOf(tokens: readonly Token[], domain: string): Found {
  const last = tokens.at(-1);
  const strange = tokens.some(({ kind, text }) => kind === 'mark' && text !== '.' && text !== '@');
  if (last === undefined || strange || tokens.slice(1).some(({ spaced }) => spaced))
    return invalid('it holds something that is no address');
  const text = tokens.map((token) => token.text).join('');
  const isBare = tokens.every(({ kind, text: mark }) => kind === 'word' || mark !== '@');
  const parsed = parseMailbox(isBare ? `${text}@${domain}` : text, { utf8: true });
  if (parsed.kind === 'invalid') return parsed;
  return { kind: 'ok', mailbox: parsed.value, bareAt: isBare ? last.end : undefined };
}

function insert(text: string, places: readonly number[], what: string): string {
  const starts = [0, ...places];
  return starts.map((from, index) => text.slice(from, places[index])).join(what);
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
