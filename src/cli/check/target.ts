/** What `waxwing check` is asked about, as people write it. */
import { isIP } from 'node:net';
import type { Target } from '../../findings/case.ts';
import { type CheckProtocol, checkProtocols, type TlsMode } from '../../findings/endpoint.ts';
import { formatHostPort } from '../../names/address.ts';
import { type Domain, type Parsed, parseDomain, quote } from '../../names/domain.ts';

/** What the options say of every target. */
export interface TargetTerms {
  /** undefined: that of the port where it is the usual one of some protocol, else smtp. */
  readonly protocol: CheckProtocol | undefined;
  /** undefined: TLS comes first at ports where it usually does, else STARTTLS. */
  readonly tls: TlsMode | undefined;
  /** Of --smtp-port: that of mail servers for which none is named; absent: 25. */
  readonly smtpPort?: number;
}

/** Names and address literals are far shorter. */
const LONGEST = 1_100;

/**
 * Reads a target: for smtp a bare name is a domain, `name:port`, `[address]`, `[address]:port` and `[name]:port` are one
 * server, and so is a name for every other protocol. International names are taken as they are written (IDNA).
 */
export function parseTarget(text: string, terms: TargetTerms): Parsed<Target> {
  const wrong = notATarget(text);
  if (wrong !== undefined) return invalid(wrong);
  const place = parsePlace(text);
  if (place.kind === 'invalid') return place;
  const { host, port, bare } = place.value;
  const { protocol, tls } = doorFor(port, terms);
  if (bare && host.kind === 'name' && protocol === 'smtp') {
    if (tls === 'starttls') return { kind: 'ok', value: { kind: 'domain', domain: host.name } };
    return invalid(
      `mail for a domain is taken with STARTTLS, never with TLS first; for one server, name it and its port: ${host.name}:465`,
    );
  }
  const usual = checkProtocols[protocol][tls];
  const number = port ?? (protocol === 'smtp' && usual !== null ? (terms.smtpPort ?? usual) : usual);
  if (number === null) {
    return invalid(`${protocol} has no usual port at which TLS comes first; name the port: ${text}:PORT`);
  }
  const door = { port: number, protocol, tls };
  const server: Server =
    host.kind === 'name'
      ? { kind: 'host', host: host.name, ...door }
      : { kind: 'address', address: host.address, ...door };
  // Without its port the same words may mean another server, or a domain.
  const isOther = port !== undefined && usualSpelling(server) !== text && WRITTEN.test(text);
  return { kind: 'ok', value: isOther ? { ...server, written: text } : server };
}

type Server = Extract<Target, { kind: 'host' | 'address' }>;

/** What may be told again as it was written. */
const WRITTEN = /^[\x21-\x7e]{1,1100}$/;

/** The target as it can be given again; a server with its port as it was written, so that whoever asked for it finds it in the results. */
export function formatTarget(target: Target): string {
  return (target.kind === 'domain' ? undefined : target.written) ?? usualSpelling(target);
}

/** In one spelling: of equal targets the same. */
export function usualSpelling(target: Target): string {
  switch (target.kind) {
    case 'domain':
      return target.domain;
    case 'host':
      return `${target.host}:${target.port}`;
    case 'address':
      return isIP(target.address) === 6
        ? formatHostPort(target.address, target.port)
        : `[${target.address}]:${target.port}`;
  }
}

/** The protocol by which a target is spoken to. */
export function protocolOf(target: Target): CheckProtocol {
  return target.kind === 'domain' ? 'smtp' : target.protocol;
}

/** Protocol and the way to TLS, by what was said and else by the port. */
function doorFor(
  port: number | undefined,
  terms: TargetTerms,
): { readonly protocol: CheckProtocol; readonly tls: TlsMode } {
  const protocol = terms.protocol ?? protocolAt(port) ?? 'smtp';
  const isImplicit = port !== undefined && port === checkProtocols[protocol].implicit;
  return { protocol, tls: terms.tls ?? (isImplicit ? 'implicit' : 'starttls') };
}

function protocolAt(port: number | undefined): CheckProtocol | undefined {
  return protocolNames.find((name) => {
    const { starttls, implicit } = checkProtocols[name];
    return port === starttls || port === implicit;
  });
}

function isProtocol(name: string): name is CheckProtocol {
  return Object.hasOwn(checkProtocols, name);
}

/** In the order of the table. */
export const protocolNames: readonly CheckProtocol[] = Object.keys(checkProtocols).filter(isProtocol);

/** @returns what stands there instead of a target; undefined where it may be one. */
function notATarget(text: string): string | undefined {
  if (text === '') return 'a target is empty';
  if (text.length > LONGEST) return `${quote(text)} is too long for a name`;
  const at = text.lastIndexOf('@');
  if (at >= 0) {
    return `${quote(text)} is the address of a mailbox; ask for its domain: waxwing check ${text.slice(at + 1)}`;
  }
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)/i.exec(text)?.[1];
  if (url !== undefined) return `${quote(text)} is a URL; name the domain or the server alone: ${url}`;
  if (/\s/.test(text)) return `${quote(text)} has a space in it; every target is a word of its own`;
  if (text.includes('/'))
    return `${quote(text)} is neither a domain nor a server such as mail.example.net:587`;
  return undefined;
}

interface Place {
  readonly host:
    | { readonly kind: 'name'; readonly name: Domain }
    | { readonly kind: 'ip'; readonly address: string };
  readonly port: number | undefined;
  /** Written without brackets and without a port. */
  readonly bare: boolean;
}

function parsePlace(text: string): Parsed<Place> {
  // An address without brackets has no port: the colons of IPv6 are its own.
  if (isIP(text) !== 0) return address(text, undefined);
  if (/^\[[^\]]*$/.test(text)) return invalid(`${quote(text)} has no closing bracket`);
  const brackets = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  const plain = /^([^:]*)(?::([^:]*))?$/.exec(text);
  const [inner = '', after] = (brackets ?? plain)?.slice(1) ?? [];
  if (brackets === null && plain === null) {
    return invalid(
      `${quote(text)} has more than one colon; an IPv6 address with a port is written [2001:db8::1]:25`,
    );
  }
  const port = after === undefined ? { kind: 'ok' as const, value: undefined } : parsePort(after, text);
  if (port.kind === 'invalid') return port;
  const literal = inner.replace(/^IPv6:/i, '');
  if (isIP(literal) !== 0) return address(literal, port.value);
  const name = parseDomain(inner);
  if (name.kind === 'invalid') {
    const is = name.because.startsWith(quote(text)) ? '' : `${quote(text)}: `;
    return invalid(`${is}${name.because}`);
  }
  const bare = brackets === null && after === undefined;
  return { kind: 'ok', value: { host: { kind: 'name', name: name.value }, port: port.value, bare } };
}

function address(text: string, port: number | undefined): Parsed<Place> {
  if (text.includes('%')) {
    return invalid(`${quote(text)} has a zone index, which means something on one host only`);
  }
  return { kind: 'ok', value: { host: { kind: 'ip', address: text.toLowerCase() }, port, bare: false } };
}

function parsePort(text: string, whole: string): Parsed<number> {
  const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 65_535)
    return invalid(`${quote(whole)}: ${quote(text)} is not a port, a number from 1 to 65535`);
  return { kind: 'ok', value: number };
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
