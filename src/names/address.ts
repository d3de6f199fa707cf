/**
 * Addresses of hosts: IP literals as SMTP writes them, and host with port as operators write it.
 *
 * RFC 5321 §4.1.3 (address literals).
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { type Domain, type Parsed, parseDomain, quote } from './domain.ts';

/** An IP address without brackets, as the operating system writes it. */
export type IpAddress = string;

/** A host that somebody named: by name, or by address. */
export type Host =
  | { readonly kind: 'name'; readonly name: Domain }
  | { readonly kind: 'ip'; readonly address: IpAddress };

/** Where to connect, as configured. */
export interface HostPort {
  readonly host: Host;
  /** 1 to 65535; 0 only where {@link parseHostPort} was told that the system may choose. */
  readonly port: number;
}

/** Reads `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). */
export function parseAddressLiteral(text: string): Parsed<IpAddress> {
  if (!text.startsWith('[') || !text.endsWith(']'))
    return { kind: 'invalid', because: `${quote(text)} has no brackets` };
  const inner = text.slice(1, -1);
  const ipv6 = /^IPv6:(.+)$/i.exec(inner)?.[1];
  // A zone index (%eth0) means something on one host only; it has no place in a mail address.
  if (ipv6 !== undefined && isIPv6(ipv6) && !ipv6.includes('%'))
    return { kind: 'ok', value: ipv6.toLowerCase() };
  if (isIPv4(inner)) return { kind: 'ok', value: inner };
  return { kind: 'invalid', because: `${quote(text)} is not an IPv4 or IPv6 address literal` };
}

/** Reads `name`, `192.0.2.1`, `[192.0.2.1]` or `[2001:db8::1]`. */
export function parseHost(text: string): Parsed<Host> {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1).replace(/^IPv6:/i, '') : text;
  if (isIP(bare) !== 0) return { kind: 'ok', value: { kind: 'ip', address: bare.toLowerCase() } };
  const name = parseDomain(text);
  return name.kind === 'ok' ? { kind: 'ok', value: { kind: 'name', name: name.value } } : name;
}

/**
 * Reads `host:port`, `[ipv6]:port`, or a host alone where `defaultPort` is given.
 *
 * Port 0 is read only where `defaultPort` is 0, which means: let the system choose.
 */
export function parseHostPort(text: string, defaultPort?: number): Parsed<HostPort> {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null)
    return { kind: 'invalid', because: `${quote(text)} is not host:port ([ipv6]:port for IPv6)` };
  const host = parseHost(match[1] ?? '');
  if (host.kind !== 'ok') return host;
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  if (port === undefined) return { kind: 'invalid', because: `${quote(text)} names no port` };
  if (port > 65535 || (port === 0 && defaultPort !== 0)) {
    return { kind: 'invalid', because: `${port} is not a port: 1 to 65535` };
  }
  return { kind: 'ok', value: { host: host.value, port } };
}

/** The host as text: a name as it is, an IPv6 address in brackets where a port follows. */
export function formatHostPort(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The eight groups of an IPv6 address as numbers, however it is written; it has to be one. */
export function groupsOf(address: IpAddress): readonly number[] {
  // The URL parser knows every way to write an IPv6 address, an IPv4 tail included, and has one spelling.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

/** IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** The address in one spelling: equal for what leads to the same host, IPv4 that is mapped into IPv6 included. */
export function oneSpelling(address: IpAddress): IpAddress {
  if (!isIPv6(address) || address.includes('%')) return address;
  const whole = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(whole) ?? [];
  if (high === undefined || low === undefined) return whole;
  const octets = [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff]);
  return octets.join('.');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether packets to this address never leave the host (127.0.0.0/8, ::1, and the former mapped into IPv6). */
export function isLoopback(address: IpAddress): boolean {
  // Compared as numbers, not as text: an address has many spellings. What is no address is no loopback address.
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
