/**
 * The Sender Rewriting Scheme: an envelope sender of ours that tells whose mail was forwarded, and that nobody else can make.
 *
 * `SRS0=hash=day=domain=local` stands for `local@domain`. Who forwards such an address again makes `SRS1=hash=host==rest`
 * of it, so that what comes back goes straight to the first one. As libsrs2 and postsrsd write it.
 */
import type { Domain } from '../names/domain.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';

export interface SrsKey {
  /** What stands behind the @. */
  readonly domain: Domain;
  /** A keyed hash, base64. */
  readonly hash: (text: string) => string;
}

/** What becomes of an address at our SRS domain. */
export type Returned =
  /** It does not look like one of these addresses. */
  | { readonly kind: 'other' }
  | { readonly kind: 'to'; readonly mailbox: Mailbox }
  | { readonly kind: 'invalid'; readonly because: string };

/** Characters of the hash: of libsrs2's four a million guesses hit one, as case may be lost on the way. */
const HASH_LENGTH = 6;
const DAY_MS = 86_400_000;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Days count to 1,024 and begin again. */
const CYCLE = 1_024;
/** How long a notification may take. */
const MOST_DAYS = 21;

const LOOKS_LIKE = /^SRS([01])[=+-](.*)$/is;
const SRS0 = /^([^=]+)=([A-Z2-7]{2})=([^=]+)=(.+)$/is;
const SRS1 = /^([^=]+)=([^=]+)=([=+-].+)$/is;

/**
 * @param at milliseconds since 1970.
 * @returns undefined where the address would be longer than SMTP allows (RFC 5321 §4.5.3.1.1).
 */
export function forwardedSender(sender: Mailbox, at: number, key: SrsKey): Mailbox | undefined {
  if (sender.at.kind === 'literal') return undefined;
  const local = localFor(sender.local, sender.at.domain, at, key);
  const parsed = parseMailbox(`${local}@${key.domain}`, { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : undefined;
}

function localFor(local: string, domain: string, at: number, key: SrsKey): string {
  const [, version, rest = ''] = LOOKS_LIKE.exec(local) ?? [];
  // Another forwarder's address: it stays behind its host, with the separator that it had.
  if (version === '0') {
    const kept = local.slice('SRS0'.length);
    return `SRS1=${hashOf([domain, kept], key)}=${domain}=${kept}`;
  }
  const chained = version === '1' ? SRS1.exec(rest) : null;
  if (chained !== null) {
    const [, , host = '', kept = ''] = chained;
    return `SRS1=${hashOf([host, kept], key)}=${host}=${kept}`;
  }
  const day = dayOf(at);
  return `SRS0=${hashOf([day, domain, local], key)}=${day}=${domain}=${local}`;
}

/** Whose mail it was, if we wrote this address within the last three weeks. @param at milliseconds since 1970. */
export function returnedTo({ local }: Mailbox, at: number, key: SrsKey): Returned {
  const [, version, rest = ''] = LOOKS_LIKE.exec(local) ?? [];
  if (version === undefined) return { kind: 'other' };
  if (version === '1') {
    const [, hash = '', host = '', kept = ''] = SRS1.exec(rest) ?? [];
    if (!isHash(hash, [host, kept], key)) return invalid('it is no address that we made');
    return to(`SRS0${kept}@${host}`);
  }
  const [, hash = '', day = '', domain = '', original = ''] = SRS0.exec(rest) ?? [];
  if (!isHash(hash, [day, domain, original], key)) return invalid('it is no address that we made');
  return isRecent(day, at) ? to(`${original}@${domain}`) : invalid(`it is older than ${MOST_DAYS} days`);
}

function to(text: string): Returned {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok' ? { kind: 'to', mailbox: parsed.value } : invalid(parsed.because);
}

function invalid(because: string): Returned {
  return { kind: 'invalid', because };
}

/** The case of letters may be lost on the way, so none counts; the separator keeps parts from running into each other. */
function hashOf(parts: readonly string[], key: SrsKey): string {
  return key.hash(parts.join('=').toLowerCase()).slice(0, HASH_LENGTH);
}

function isHash(given: string, parts: readonly string[], key: SrsKey): boolean {
  return isSame(given, hashOf(parts, key));
}

/** Whether somebody wrote this hash; the case of letters may be lost on the way. */
export function isSame(given: string, hash: string): boolean {
  const wanted = hash.toLowerCase();
  const told = given.toLowerCase();
  // All of it is compared, so that the time that it takes tells nothing.
  let different = told.length ^ wanted.length;
  for (let index = 0; index < wanted.length; index++) {
    different |= told.charCodeAt(index) ^ wanted.charCodeAt(index);
  }
  return different === 0;
}

/** Two digits for the day. @param at milliseconds since 1970. */
export function dayOf(at: number): string {
  const day = Math.floor(at / DAY_MS) % CYCLE;
  return `${DIGITS[day >> 5] ?? ''}${DIGITS[day & 31] ?? ''}`;
}

/** Whether that day is within the last three weeks. @param at milliseconds since 1970. */
export function isRecent(written: string, at: number): boolean {
  const [high = '', low = ''] = written.toUpperCase();
  const then = DIGITS.indexOf(high) * 32 + DIGITS.indexOf(low);
  const now = Math.floor(at / DAY_MS) % CYCLE;
  return (now - then + CYCLE) % CYCLE <= MOST_DAYS;
}
