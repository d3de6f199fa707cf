/** What `waxwing explain` is asked about: where mail is to go, as people write it. */
import { isIP } from 'node:net';
import { type Host, type HostPort, parseHostPort } from '../../names/address.ts';
import { type Parsed, parseDomain, quote } from '../../names/domain.ts';
import { formatMailDomain, type MailDomain, parseMailDomain } from '../../names/mailbox.ts';

export type Subject =
  /** Mail for recipients in a domain, or at an address literal. */
  | { readonly kind: 'recipients'; readonly at: MailDomain }
  /** Mail that goes by way of a host that somebody configured: its MX records are not asked for. */
  | ({ readonly kind: 'next-hop' } & HostPort);

const SMTP = 25;

/**
 * Reads `example.com` (international names too), an address as `192.0.2.1` or `[IPv6:2001:db8::1]`, or a next hop as
 * `[mail.example.net]`, `[mail.example.net]:587` or `mail.example.net:587`.
 */
export function parseSubject(text: string): Parsed<Subject> {
  const at = text.lastIndexOf('@');
  if (at >= 0) {
    const domain = text.slice(at + 1);
    return invalid(
      `${quote(text)} is the address of a mailbox; ask for its domain: waxwing explain ${domain}`,
    );
  }
  if (text.includes('/'))
    return invalid(`${quote(text)} is neither a domain nor a next hop such as ${SAMPLE}`);
  if (isIP(text) !== 0) return recipients({ kind: 'literal', address: text.toLowerCase() });
  const brackets = /^\[([^\]]*)\](?::([0-9]+))?$/.exec(text);
  if (brackets !== null) return inBrackets(text, brackets[1] ?? '', brackets[2]);
  if (text.includes(':')) return nextHop(parseHostPort(text));
  const domain = parseDomain(text);
  return domain.kind === 'ok' ? recipients({ kind: 'domain', domain: domain.value }) : domain;
}

/** The subject in its one spelling. */
export function showSubject(subject: Subject): string {
  if (subject.kind === 'recipients') return formatMailDomain(subject.at);
  const { host, port } = subject;
  return `[${host.kind === 'name' ? host.name : host.address}]:${port}`;
}

const SAMPLE = '[mail.example.net]:587';

function inBrackets(text: string, inner: string, port: string | undefined): Parsed<Subject> {
  const address = inner.replace(/^IPv6:/i, '');
  if (isIP(address) === 0) {
    const name = parseDomain(inner);
    return name.kind === 'ok' ? nextHop(withPort({ kind: 'name', name: name.value }, port)) : name;
  }
  if (port !== undefined) return nextHop(withPort({ kind: 'ip', address: address.toLowerCase() }, port));
  // Brackets without IPv6: are how operators write an address, and mean the same here.
  const literal = parseMailDomain(address.includes(':') ? `[IPv6:${address}]` : text);
  return literal.kind === 'ok' ? recipients(literal.value) : literal;
}

function withPort(host: Host, port: string | undefined): Parsed<HostPort> {
  const number = port === undefined ? SMTP : Number(port);
  return number >= 1 && number <= 65_535
    ? { kind: 'ok', value: { host, port: number } }
    : invalid(`${quote(port ?? '')} is not a port: 1 to 65535`);
}

function nextHop(parsed: Parsed<HostPort>): Parsed<Subject> {
  return parsed.kind === 'ok' ? { kind: 'ok', value: { kind: 'next-hop', ...parsed.value } } : parsed;
}

function recipients(at: MailDomain): Parsed<Subject> {
  return { kind: 'ok', value: { kind: 'recipients', at } };
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
