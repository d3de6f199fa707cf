/** The resolvers that are asked: how an operator names one, and how messages do. */
import { Resolver } from 'node:dns';
import { formatHostPort, type Host, type IpAddress, parseHost, parseHostPort } from '../../names/address.ts';
import { type Parsed, quote } from '../../names/domain.ts';

/** How questions travel to a resolver. */
type Transport =
  /** UDP, and TCP where that is not enough (RFC 7766 §5). */
  | { readonly kind: 'plain' }
  /** DNS over TLS (RFC 7858); the certificate has to prove `host` (strict profile of RFC 8310 §5). */
  | { readonly kind: 'tls'; readonly host: Host }
  /** DNS over HTTPS (RFC 8484); likewise. `authority`: the host as it was written, with its port where that is not 443. */
  | { readonly kind: 'https'; readonly host: Host; readonly authority: string; readonly path: string };

export interface Upstream {
  readonly address: IpAddress;
  readonly port: number;
  readonly transport: Transport;
}

const DNS_PORT = 53;
const TLS_PORT = 853;
const HTTPS_PORT = 443;

const FORMS =
  '"192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53", "tls://192.0.2.53#dns.example" or "https://dns.example/dns-query@192.0.2.53"';

/**
 * Reads an address, `tls://address[:port]#name` or `https://host[:port]/path@address`.
 *
 * `#name` is whom the certificate has to name, without it the address itself. `@address` says where the host is: nobody
 * could be asked for it yet. It may be left out where the host is an address. The end `{?dns}` of a URI template
 * (RFC 8484 §3) may stand there and has no meaning for POST.
 */
export function parseUpstream(text: string): Parsed<Upstream> {
  if (text.startsWith('tls://')) return parseTls(text.slice('tls://'.length));
  if (text.startsWith('https://')) return parseHttps(text);
  const place = parsePlace(text, DNS_PORT);
  return place.kind === 'ok'
    ? { kind: 'ok', value: { ...place.value, transport: { kind: 'plain' } } }
    : place;
}

function parseTls(rest: string): Parsed<Upstream> {
  const [where = '', name, ...more] = rest.split('#');
  if (more.length > 0) return invalid(`tls://${rest}`);
  const place = parsePlace(where, TLS_PORT);
  if (place.kind !== 'ok') return place;
  const host = parseHost(name ?? place.value.address);
  if (host.kind !== 'ok') return host;
  return { kind: 'ok', value: { ...place.value, transport: { kind: 'tls', host: host.value } } };
}

function parseHttps(text: string): Parsed<Upstream> {
  const match = /^https:\/\/([^/@]+)(\/[\x21-\x3f\x41-\x7e]*?)(?:\{\?dns\})?(?:@([^/@]+))?$/.exec(text);
  const [, authority = '', path = '', where] = match ?? [];
  if (match === null) return invalid(text);
  const named = parseHostPort(authority, HTTPS_PORT);
  if (named.kind !== 'ok') return named;
  const { host, port } = named.value;
  if (where === undefined && host.kind === 'name') {
    const because = `${quote(text)} does not say where ${host.name} is: write @ and its address behind it`;
    return { kind: 'invalid', because };
  }
  const place = parsePlace(where ?? authority, port);
  if (place.kind !== 'ok') return place;
  const { address } = place.value;
  return { kind: 'ok', value: { address, port, transport: { kind: 'https', host, authority, path } } };
}

/** An address, with or without a port. */
function parsePlace(
  text: string,
  defaultPort: number,
): Parsed<{ readonly address: IpAddress; readonly port: number }> {
  // A bare IPv6 address is full of colons.
  const place = parseHostPort(
    text.split(':').length > 2 && !text.startsWith('[') ? `[${text}]` : text,
    defaultPort,
  );
  if (place.kind !== 'ok' || place.value.host.kind !== 'ip') return invalid(text);
  return { kind: 'ok', value: { address: place.value.host.address, port: place.value.port } };
}

/** The resolver as messages name it. */
export function showUpstream({ address, port, transport }: Upstream): string {
  switch (transport.kind) {
    case 'plain':
      return formatHostPort(address, port);
    case 'tls':
      return `tls://${formatHostPort(address, port)}`;
    case 'https':
      return `https://${transport.authority}${transport.path}`;
  }
}

/** The resolvers that this host is set to use (on Unix those of /etc/resolv.conf); at least one. */
export function systemUpstreams(): readonly Upstream[] {
  const upstreams = new Resolver().getServers().flatMap((text) => {
    const parsed = parseUpstream(text);
    return parsed.kind === 'ok' ? [parsed.value] : [];
  });
  // What resolv.conf(5) says where it names none.
  const fallback = { address: '127.0.0.1', port: DNS_PORT, transport: { kind: 'plain' } } as const;
  return upstreams.length > 0 ? upstreams : [fallback];
}

function invalid(text: string): Parsed<never> {
  return { kind: 'invalid', because: `${quote(text)} is no resolver such as ${FORMS}` };
}
