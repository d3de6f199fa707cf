/**
 * Mailboxes and paths as SMTP writes them.
 *
 * RFC 5321 §4.1.2 (grammar), §4.5.3.1 (lengths); RFC 6531 §3.3 (with SMTPUTF8).
 */
import { type IpAddress, parseAddressLiteral } from './address.ts';
import { type Domain, isAscii, type Parsed, parseDomain, quote } from './domain.ts';

/** Where a mailbox lives: in a domain, or at an address literal. */
export type MailDomain =
  | { readonly kind: 'domain'; readonly domain: Domain }
  | { readonly kind: 'literal'; readonly address: IpAddress };

export interface Mailbox {
  /** Exactly as written, quotes included: only the host that owns the domain may interpret it (§2.3.11). */
  readonly local: string;
  readonly at: MailDomain;
  /** `local@domain` with the domain in its one spelling. */
  readonly text: string;
}

const MAX_LOCAL_OCTETS = 64;
const MAX_PATH_OCTETS = 256;
// RFC 6531 §3.3 adds every character beyond ASCII. The controls U+0080 to U+009F and halves of surrogate pairs are
// left out: the former are for terminals, the latter have no UTF-8.
const ATOM =
  /^[\w!#$%&'*+\-/=?^`{|}~\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+)*$/u;
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]|\\[\x20-\x7e])*"$/u;

/**
 * Reads `local@domain` or `local@[address]` without angle brackets.
 *
 * `utf8`: SMTPUTF8 is in use, so that there may be more than ASCII in it. Lengths count octets of UTF-8. The domain
 * of the result is ASCII in any case, so that the result needs SMTPUTF8 only where its local part does.
 */
export function parseMailbox(text: string, options: { readonly utf8?: true } = {}): Parsed<Mailbox> {
  if (options.utf8 !== true && !isAscii(text))
    return { kind: 'invalid', because: `${quote(text)} is not ASCII and SMTPUTF8 is not in use` };
  const tooLong = whereTooLong('address', text, MAX_PATH_OCTETS - 2);
  if (tooLong !== undefined) return { kind: 'invalid', because: tooLong };
  const split = text.lastIndexOf('@');
  if (split <= 0) return { kind: 'invalid', because: `${quote(text)} is not local@domain` };
  const local = text.slice(0, split);
  const localTooLong = whereTooLong('local part', local, MAX_LOCAL_OCTETS);
  if (localTooLong !== undefined) return { kind: 'invalid', because: localTooLong };
  if (!ATOM.test(local) && !QUOTED.test(local)) {
    return { kind: 'invalid', because: `${quote(local)} is not a local part (dot-string or quoted string)` };
  }
  const at = parseMailDomain(text.slice(split + 1));
  if (at.kind !== 'ok') return at;
  const normal = `${local}@${formatMailDomain(at.value)}`;
  // A-labels may be longer than what they stand for.
  const normalTooLong = whereTooLong('address', normal, MAX_PATH_OCTETS - 2);
  if (normalTooLong !== undefined) return { kind: 'invalid', because: normalTooLong };
  return { kind: 'ok', value: { local, at: at.value, text: normal } };
}

function whereTooLong(what: string, text: string, limit: number): string | undefined {
  const octets = Buffer.byteLength(text);
  return octets > limit ? `the ${what} is ${octets} octets long, the limit is ${limit}` : undefined;
}

/** Reads what stands behind the @. */
export function parseMailDomain(text: string): Parsed<MailDomain> {
  if (text.startsWith('[')) {
    const literal = parseAddressLiteral(text);
    return literal.kind === 'ok'
      ? { kind: 'ok', value: { kind: 'literal', address: literal.value } }
      : literal;
  }
  // A path ends in a domain, and a domain in SMTP has no trailing dot (§2.3.5).
  if (text.endsWith('.')) return { kind: 'invalid', because: `${quote(text)} ends in a dot` };
  const domain = parseDomain(text);
  return domain.kind === 'ok' ? { kind: 'ok', value: { kind: 'domain', domain: domain.value } } : domain;
}

/** The domain as it stands behind the @ in its one spelling. */
export function formatMailDomain(at: MailDomain): string {
  if (at.kind === 'domain') return at.domain;
  return at.address.includes(':') ? `[IPv6:${at.address}]` : `[${at.address}]`;
}
