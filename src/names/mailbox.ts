/**
 * Mailboxes and paths as SMTP writes them.
 *
 * RFC 5321 §4.1.2 (grammar), §4.5.3.1 (lengths).
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
const ATOM = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/;

/** Reads `local@domain` or `local@[address]` without angle brackets. */
export function parseMailbox(text: string): Parsed<Mailbox> {
  if (!isAscii(text))
    return { kind: 'invalid', because: `${quote(text)} is not ASCII and SMTPUTF8 is not in use` };
  if (text.length > MAX_PATH_OCTETS - 2) {
    return {
      kind: 'invalid',
      because: `the address is ${text.length} octets long, the limit is ${MAX_PATH_OCTETS - 2}`,
    };
  }
  const split = text.lastIndexOf('@');
  if (split <= 0) return { kind: 'invalid', because: `${quote(text)} is not local@domain` };
  const local = text.slice(0, split);
  if (local.length > MAX_LOCAL_OCTETS) {
    return {
      kind: 'invalid',
      because: `the local part is ${local.length} octets long, the limit is ${MAX_LOCAL_OCTETS}`,
    };
  }
  if (!ATOM.test(local) && !QUOTED.test(local)) {
    return { kind: 'invalid', because: `${quote(local)} is not a local part (dot-string or quoted string)` };
  }
  const at = parseMailDomain(text.slice(split + 1));
  if (at.kind !== 'ok') return at;
  return { kind: 'ok', value: { local, at: at.value, text: `${local}@${formatMailDomain(at.value)}` } };
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
