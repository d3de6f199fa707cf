/** Values as operators write them: durations, sizes, addresses, networks, patterns, next hops. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { groupsOf, type HostPort, isLoopback, parseHostPort } from '../../names/address.ts';
import { type Parsed, parseDomain, quote } from '../../names/domain.ts';
import { parseMailbox } from '../../names/mailbox.ts';
import type { NamePattern, RoutePattern, RouteTarget } from '../../policies/overrides/route.ts';
import type { MailboxPattern } from '../../policies/overrides/rule.ts';
import type { Network } from '../../relay/settings.ts';
import type { ListenAddress } from './config.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MIN_DURATION_MS = 1000;
const MAX_DURATION_MS = 365 * 86_400_000;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

const MAX_CREDENTIAL_BYTES = 255;
const MAX_SELECTOR_OCTETS = 127;
const SELECTOR_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const CONTROL = /\p{Cc}/u;

/** Reads `30s`, `5m`, `4h` or `5d` as milliseconds: 1 second to 365 days. */
export function parseDuration(text: string, problem = 'is not a duration'): Parsed<number> {
  const match = /^([0-9]{1,9})([smhd])$/.exec(text);
  if (match === null) return invalid(`${quote(text)} ${problem} such as "30s", "5m", "4h" or "5d"`);
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
  return ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS
    ? { kind: 'ok', value: ms }
    : invalid(`${quote(text)} is not between "1s" and "365d"`);
}

/** Reads a duration, or `never` as infinity. */
export function parseDurationOrNever(text: string): Parsed<number> {
  return text === 'never'
    ? { kind: 'ok', value: Number.POSITIVE_INFINITY }
    : parseDuration(text, 'is neither "never" nor a duration');
}

/** Reads a number of bytes, or text with one of the units KB, MB, GB (1000) and KiB, MiB, GiB (1024). */
export function parseSize(written: number | string): Parsed<number> {
  const match = /^([0-9]{1,15})(KB|MB|GB|KiB|MiB|GiB)?$/.exec(String(written));
  if (match === null)
    return invalid(`${quote(String(written))} is not a size such as 52428800, "50MB" or "50MiB"`);
  return { kind: 'ok', value: Number(match[1]) * (UNIT_BYTES[match[2] ?? ''] ?? Number.NaN) };
}

/** Reads `address:port`; port 0 lets the system choose. */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  if (/^[0-9]{1,5}$/.test(text))
    return invalid(`${quote(text)} is a port alone: the address stands before it, as in "127.0.0.1:${text}"`);
  return numeric(text, text.endsWith(':0') ? parseHostPort(text, 0) : parseHostPort(text));
}

/** Reads `192.0.2.0/24`, `2001:db8::/32`, or one address. */
export function parseNetwork(text: string): Parsed<Network> {
  const match = /^([0-9A-Fa-f:.]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text);
  const address = (match?.[1] ?? '').toLowerCase();
  const bits = isIPv4(address) ? 32 : 128;
  const prefix = Number(match?.[2] ?? bits);
  if (isIP(address) === 0 || prefix > bits) {
    return invalid(`${quote(text)} is not a network such as "192.0.2.0/24" or "2001:db8::/32"`);
  }
  // Who writes 10.1.2.3/8 may well mean the one host: do not let sixteen million in by guessing.
  if (BigInt.asUintN(bits - prefix, addressBits(address)) !== 0n) {
    return invalid(`${quote(text)} has bits set behind its first ${prefix}: it names a host, not a network`);
  }
  return { kind: 'ok', value: { family: bits === 32 ? 'ipv4' : 'ipv6', address, prefix } };
}

/** A network as the operator writes it. */
export function formatNetwork({ family, address, prefix }: Network): string {
  return prefix === (family === 'ipv4' ? 32 : 128) ? address : `${address}/${prefix}`;
}

/** Whether everyone in the network is this host. */
export function isLoopbackNetwork(network: Network): boolean {
  return isLoopback(network.address) && network.prefix >= (network.family === 'ipv4' ? 8 : 128);
}

/** Reads `example.net` (that name) or `.example.net` (all names below it). */
export function parseNamePattern(text: string): Parsed<NamePattern> {
  const kind = text.startsWith('.') ? 'below' : 'domain';
  const domain = parseDomain(kind === 'below' ? text.slice(1) : text);
  return domain.kind === 'ok' ? { kind: 'ok', value: { kind, domain: domain.value } } : domain;
}

/** Reads a name pattern, or `*` for every domain. */
export function parseRoutePattern(text: string): Parsed<RoutePattern> {
  return text === '*' ? { kind: 'ok', value: { kind: 'any' } } : parseNamePattern(text);
}

/** Reads a mailbox, or a name pattern for the domain of mailboxes. */
export function parseMailboxPattern(text: string): Parsed<MailboxPattern> {
  if (!text.includes('@')) return parseNamePattern(text);
  const mailbox = parseMailbox(text, { utf8: true });
  return mailbox.kind === 'ok' ? { kind: 'ok', value: { kind: 'mailbox', mailbox: mailbox.value } } : mailbox;
}

/** A pattern as the operator writes it. */
export function formatPattern(pattern: RoutePattern): string {
  if (pattern.kind === 'any') return '*';
  return pattern.kind === 'below' ? `.${pattern.domain}` : pattern.domain;
}

/** All patterns, as text, that match whatever `pattern` matches; itself among them. */
export function patternsAround(pattern: RoutePattern): readonly string[] {
  if (pattern.kind === 'any') return ['*'];
  const parents = pattern.domain
    .split('.')
    .map((_, index, labels) => `.${labels.slice(index + 1).join('.')}`);
  return ['*', formatPattern(pattern), ...parents.slice(0, -1)];
}

const NEXT_HOP_PORTS: Readonly<Record<RouteTarget['protocol'], number>> = { smtp: 25, smtps: 465, lmtp: 24 };

/** Reads `smtp://host[:port]`, `smtps://…` or `lmtp://…`, IPv6 in brackets; without a port the one of the scheme. */
export function parseNextHop(text: string): Parsed<RouteTarget> {
  const [, scheme, rest = ''] = /^(smtp|smtps|lmtp):\/\/(.*)$/s.exec(text) ?? [];
  if (!isNextHopProtocol(scheme)) {
    return invalid(
      `${quote(text)} is not a next hop such as "smtp://mail.example.net:25", "smtps://…" or "lmtp://…"`,
    );
  }
  const parsed = parseHostPort(rest, NEXT_HOP_PORTS[scheme]);
  return parsed.kind === 'ok' ? { kind: 'ok', value: { protocol: scheme, ...parsed.value } } : parsed;
}

function isNextHopProtocol(scheme: string | undefined): scheme is RouteTarget['protocol'] {
  return scheme !== undefined && scheme in NEXT_HOP_PORTS;
}

/** Reads a name to log in with; it is compared as it is. */
export function parseUser(text: string): Parsed<string> {
  return text === '' || Buffer.byteLength(text) > MAX_CREDENTIAL_BYTES || CONTROL.test(text)
    ? invalid(`${quote(text)} is not a user: 1 to ${MAX_CREDENTIAL_BYTES} octets without control characters`)
    : { kind: 'ok', value: text };
}

/** Reads a password; it is not repeated where it is refused. */
export function parsePassword(text: string): Parsed<string> {
  return text === '' || Buffer.byteLength(text) > MAX_CREDENTIAL_BYTES || CONTROL.test(text)
    ? invalid(`is not a password: 1 to ${MAX_CREDENTIAL_BYTES} octets without control characters`)
    : { kind: 'ok', value: text };
}

/** Reads what stands before the @ of an address, as its mailbox is called: without the quotes that SMTP may need. */
export function parseLocalPart(text: string): Parsed<string> {
  const mailbox = parseMailbox(`${text}@example.test`, { utf8: true });
  if (mailbox.kind === 'ok') return { kind: 'ok', value: unquoted(mailbox.value.local) };
  return invalid(`${quote(text)} is not what stands before the @ of an address`);
}

function unquoted(local: string): string {
  return local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
}

/** Reads an IP address without brackets and port. */
export function parseIpAddress(text: string): Parsed<string> {
  return isIP(text) === 0
    ? invalid(`${quote(text)} is not an IP address`)
    : { kind: 'ok', value: text.toLowerCase() };
}

/** Reads the selector of a DKIM key: labels with dots between them (RFC 6376 §3.1), in lower case. */
export function parseSelector(text: string): Parsed<string> {
  const selector = text.toLowerCase();
  const fits =
    selector.length <= MAX_SELECTOR_OCTETS &&
    selector.split('.').every((label) => SELECTOR_LABEL.test(label));
  return fits
    ? { kind: 'ok', value: selector }
    : invalid(`${quote(text)} is not a selector such as "mail2026"`);
}

/** Reads a path; whether it exists is not looked at. */
/** A user of this host who is not root. */
export function parseSystemUser(text: string): Parsed<string> {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(text)) return invalid(`${quote(text)} is no name of a user`);
  return text === 'root'
    ? invalid('has to be somebody else than root, who is given up')
    : { kind: 'ok', value: text };
}

export function parsePath(text: string): Parsed<string> {
  return text === '' || text.includes('\0')
    ? invalid(`${quote(text)} is not a path`)
    : { kind: 'ok', value: text };
}

function numeric(text: string, parsed: Parsed<HostPort>): Parsed<ListenAddress> {
  if (parsed.kind === 'invalid') return parsed;
  const { host, port } = parsed.value;
  return host.kind === 'ip'
    ? { kind: 'ok', value: { address: host.address, port } }
    : invalid(`${quote(text)} is not an IP address such as "127.0.0.1" or "[::1]", with its port`);
}

function addressBits(address: string): bigint {
  return isIPv6(address) ? joinBits(groupsOf(address), 16n) : joinBits(address.split('.').map(Number), 8n);
}

function joinBits(groups: readonly number[], width: bigint): bigint {
  return groups.reduce((bits, group) => (bits << width) | BigInt(group), 0n);
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
