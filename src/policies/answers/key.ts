/** What a mail server asks about: the key of a look-up in a table of TLS policies, as Postfix makes them. */
import { parseHost } from '../../names/address.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';

export type PolicyKey =
  /** Mail goes by the MX records of the domain. */
  | { readonly kind: 'domain'; readonly domain: Domain; readonly port: number }
  /** Somebody named the host itself, so that no MX records are asked for. */
  | { readonly kind: 'host'; readonly host: Domain; readonly port: number }
  /** What is published about it cannot be told. */
  | { readonly kind: 'unclear'; readonly because: string }
  /** Nothing can be published about it. */
  | { readonly kind: 'nothing'; readonly because: string };

/** The port of mail between servers. */
const SMTP_PORT = 25;

/** Services that a next hop may have in place of a port: those of mail, with the names by which systems know them. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ['smtp', SMTP_PORT],
  ['mail', SMTP_PORT],
  ['submission', 587],
  ['submissions', 465],
  ['smtps', 465],
  ['ssmtp', 465],
]);

/**
 * Reads `domain`, `domain:port`, `[host]`, `[host]:port` or what is neither, in any case.
 *
 * Behind a domain that has no policy Postfix asks for `.parent`, up to the last label. Neither MTA-STS (RFC 8461 §3.4) nor DANE
 * is inherited, so nothing is looked up for those.
 */
export function readKey(text: string): PolicyKey {
  if (text.startsWith('.')) return nothing('policies of a domain are not those of names below it');
  const bracketed = /^\[([^[\]]*)\](?::([^:[\]]+))?$/.exec(text);
  if (bracketed !== null) return ofHost(bracketed[1] ?? '', bracketed[2]);
  const [, name = '', service] = /^([^:[\]]+)(?::([^:[\]]+))?$/.exec(text) ?? [];
  const domain = parseDomain(name);
  if (domain.kind === 'invalid') return nothing(domain.because);
  const port = portOf(service);
  return typeof port === 'number' ? { kind: 'domain', domain: domain.value, port } : port;
}

function ofHost(name: string, service: string | undefined): PolicyKey {
  const host = parseHost(name);
  if (host.kind === 'invalid') return nothing(host.because);
  if (host.value.kind === 'ip') return nothing('an address has no policy of its own');
  const port = portOf(service);
  return typeof port === 'number' ? { kind: 'host', host: host.value.name, port } : port;
}

/** @returns a key where there is no port. */
function portOf(service: string | undefined): number | PolicyKey {
  if (service === undefined) return SMTP_PORT;
  if (/^[A-Za-z][A-Za-z0-9-]{0,14}$/.test(service)) {
    const because = `the port of the service ${service} is not known here: write its number`;
    return SERVICES.get(service.toLowerCase()) ?? { kind: 'unclear', because };
  }
  const port = /^[0-9]{1,5}$/.test(service) ? Number(service) : 0;
  return port >= 1 && port <= 65_535 ? port : nothing('what stands behind the name is no port');
}

function nothing(because: string): PolicyKey {
  return { kind: 'nothing', because };
}
