/**
 * Variable envelope return paths: an envelope sender that names the recipient, so that what comes back says whose copy it was.
 *
 * `owner-list@example.com` writes to `user@example.org` as `owner-list+user=example.org@example.com`, as qmail and Postfix
 * write it. Where we ourselves read what comes back, a tag follows, which nobody else can make:
 * `owner-list+user=example.org+day-and-hash@example.com`.
 */
import { formatMailDomain, type Mailbox, parseMailbox } from '../names/mailbox.ts';
import { dayOf, isRecent, isSame } from './srs.ts';

export interface VerpKey {
  /** A keyed hash, at least 5 octets. */
  readonly hash: (text: string) => Uint8Array;
}

/** What an address says that was made for one recipient. */
export interface ReadVerp {
  /** null: nobody can be read out of it. */
  readonly recipient: Mailbox | null;
  /** `untagged`: anybody may have written it. `forged`: there is a tag, and it is not ours. `old`: older than three weeks. */
  readonly proof: 'ours' | 'old' | 'forged' | 'untagged';
}

/** Octets of the hash: 40 bits, of which a billion guesses hit one in a thousand. */
const HASH_OCTETS = 5;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** Two characters for the day, eight for the hash. */
const TAG = /^[a-z2-7]{10}$/i;
const TAG_LENGTH = 10;

/** Two characters, each of which the filter has. */
export function areDelimiters(text: string, filter: string): boolean {
  return text.length === 2 && filter.includes(text.charAt(0)) && filter.includes(text.charAt(1));
}

/**
 * The sender of the copy for one recipient.
 *
 * @param delimiters the one in front of the recipient, and the one in the place of its `@`.
 * @param tag undefined: none is made. `at`: milliseconds since 1970.
 * @returns undefined where it would be no address, or longer than SMTP allows (RFC 5321 §4.5.3.1).
 */
export function verpSender(
  sender: Mailbox,
  recipient: Mailbox,
  delimiters: string,
  tag?: { readonly key: VerpKey; readonly at: number },
): Mailbox | undefined {
  const [first = '', second = ''] = delimiters;
  const named = `${recipient.local}${second}${formatMailDomain(recipient.at)}`;
  const proof =
    tag === undefined ? '' : `${first}${tagFor(sender, recipient, dayOf(tag.at).toLowerCase(), tag.key)}`;
  const text = `${sender.local}${first}${named}${proof}@${formatMailDomain(sender.at)}`;
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : undefined;
}

export interface VerpRules {
  /** Those of addresses without a tag. */
  readonly delimiters: string;
  /** Every character that may be a delimiter. */
  readonly filter: string;
  /** null: none of ours has a tag. */
  readonly key: VerpKey | null;
}

/**
 * Reads an address as one that was made of `sender`.
 *
 * @param at milliseconds since 1970.
 * @returns undefined where it was not.
 */
export function readVerp(
  { local, at: domain }: Mailbox,
  sender: Mailbox,
  at: number,
  { delimiters, filter, key }: VerpRules,
): ReadVerp | undefined {
  if (formatMailDomain(domain) !== formatMailDomain(sender.at)) return undefined;
  const own = sender.local.length;
  const first = local[own];
  if (first === undefined || !filter.includes(first)) return undefined;
  if (local.slice(0, own).toLowerCase() !== sender.local.toLowerCase()) return undefined;
  const named = local.slice(own + 1);
  const split = named.length - TAG_LENGTH - 1;
  const tag = named.slice(split + 1);
  if (key === null || split < 1 || named[split] !== first || !TAG.test(tag))
    return untagged(named, delimiters);
  const candidates = recipientsIn(named.slice(0, split), filter);
  const day = tag.slice(0, 2).toLowerCase();
  // Where the second delimiter stands follows from the tag, as it can be in the names, too.
  const recipient = candidates.find((one) => isSame(tag, tagFor(sender, one, day, key)));
  if (recipient === undefined) return { recipient: candidates.at(-1) ?? null, proof: 'forged' };
  return { recipient, proof: isRecent(day, at) ? 'ours' : 'old' };
}

function untagged(named: string, [, second = '']: string): ReadVerp {
  return { recipient: recipientsIn(named, second).at(-1) ?? null, proof: 'untagged' };
}

/** Whom the text may name, one for each character in it that may stand for the `@`. */
function recipientsIn(named: string, delimiters: string): readonly Mailbox[] {
  const found: Mailbox[] = [];
  for (let at = 1; at < named.length - 1; at++) {
    if (!delimiters.includes(named[at] ?? '')) continue;
    const parsed = parseMailbox(`${named.slice(0, at)}@${named.slice(at + 1)}`, { utf8: true });
    if (parsed.kind === 'ok') found.push(parsed.value);
  }
  return found;
}

/** @param day two characters, lower case. */
function tagFor(sender: Mailbox, recipient: Mailbox, day: string, key: VerpKey): string {
  // None of the parts can hold a space, so they cannot run into each other.
  const octets = key.hash(`verp ${day} ${sender.text} ${recipient.text}`.toLowerCase());
  return `${day}${base32(octets.subarray(0, HASH_OCTETS))}`;
}

function base32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31] ?? '';
    held &= (1 << bits) - 1;
  }
  return text;
}
