/**
 * Domain names, parsed once and then carried as a type.
 *
 * RFC 1035 §2.3.4 (lengths), RFC 5321 §2.3.5, RFC 5890 §2.3 (A-labels).
 */
import { domainToASCII } from 'node:url';

declare const parsed: unique symbol;

/** A domain in its one spelling: lower-case A-labels, no trailing dot, 1 to 253 octets. */
export type Domain = string & { readonly [parsed]: 'domain' };

/** What parsing gives: the value, or why the text is not one. */
export type Parsed<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'invalid'; readonly because: string };

const MAX_NAME_OCTETS = 253;
const MAX_LABEL_OCTETS = 63;
// The underscore is not LDH, but names such as _mta-sts.example.test are looked up and real MX hosts carry it.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/**
 * Reads a domain, converting U-labels by IDNA (UTS 46 as WHATWG uses it).
 *
 * A single trailing dot (the DNS root) is accepted and dropped; an IPv4 address is not a domain.
 */
export function parseDomain(text: string): Parsed<Domain> {
  const withoutRoot = text.endsWith('.') ? text.slice(0, -1) : text;
  if (withoutRoot === '') return { kind: 'invalid', because: 'the domain is empty' };
  if (withoutRoot.length > 1024)
    return { kind: 'invalid', because: `the domain is longer than ${MAX_NAME_OCTETS} octets` };
  const ascii = isAscii(withoutRoot) ? withoutRoot.toLowerCase() : toAscii(withoutRoot);
  if (ascii === '')
    return { kind: 'invalid', because: `${quote(text)} is not a valid international name (IDNA)` };
  if (ascii.length > MAX_NAME_OCTETS) {
    return {
      kind: 'invalid',
      because: `the domain is ${ascii.length} octets long, the limit is ${MAX_NAME_OCTETS}`,
    };
  }
  for (const label of ascii.split('.')) {
    if (label.length > MAX_LABEL_OCTETS) {
      return {
        kind: 'invalid',
        because: `the label ${quote(label)} is longer than ${MAX_LABEL_OCTETS} octets`,
      };
    }
    if (!LABEL.test(label)) return { kind: 'invalid', because: `${quote(label)} is not a domain label` };
  }
  if (!endsInName(ascii)) {
    return { kind: 'invalid', because: `${quote(ascii)} is not a domain: its last label is a number` };
  }
  return { kind: 'ok', value: ascii };
}

/** The last of the checks, behind which a text is a domain. */
function endsInName(checked: string): checked is Domain {
  return !/^[0-9]+$/.test(checked.slice(checked.lastIndexOf('.') + 1));
}

/**
 * The A-labels of an international name, or nothing where it is none.
 *
 * WHATWG's function reads its argument as the host of a URL: of `ä.com/x y` it would take the beginning, and
 * `1.2.3` it would turn into an IPv4 address. So it sees names only that hold nothing a URL could mean.
 */
function toAscii(name: string): string {
  return /^[a-z0-9._\u0080-\u{10ffff}-]*$/iu.test(name) ? domainToASCII(name) : '';
}

/** Whether `name` is `domain` itself or below it. */
export function isWithin(name: Domain, domain: Domain): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** Whether every character is in the ASCII range, NUL included. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** The text as a message may show it: quoted, shortened, control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

/** Whether a name stands for this host, so that no resolver is asked of it: RFC 6761 §6.3. */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
