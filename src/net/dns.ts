/**
 * MX, address and name lookups through the system's resolver library.
 *
 * Nothing here is proven: the answers are as good as the path to the resolver.
 */
import { Resolver } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { groupsOf, type IpAddress } from '../names/address.ts';
import { type Domain, parseDomain } from '../names/domain.ts';

/** `absent`: an answer that says so. `unknown`: no answer (timeout, SERVFAIL); it never counts as absent. */
export type Lookup<Value> =
  | { readonly kind: 'found'; readonly value: Value }
  | { readonly kind: 'absent'; readonly what: 'no-such-name' | 'no-such-record' }
  | { readonly kind: 'unknown'; readonly because: string };

export interface MxHost {
  readonly host: Domain;
  readonly preference: number;
}

/** The MX records of a domain, or its word that it takes no mail (RFC 7505). */
export type MxAnswer =
  | { readonly kind: 'hosts'; readonly hosts: readonly MxHost[] }
  | { readonly kind: 'null' };

export interface Dns {
  mx(domain: Domain): Promise<Lookup<MxAnswer>>;
  /** IPv6 first, then IPv4; at least one where found. */
  addresses(host: Domain): Promise<Lookup<readonly string[]>>;
}

export interface ReverseDns {
  /** The names that an address is said to have (PTR, RFC 1035 §3.3.12); at least one where found. */
  reverse(address: IpAddress): Promise<Lookup<readonly Domain[]>>;
}

/**
 * @param servers `address` or `address:port`; empty for the system's own.
 * @param timeoutMs for each try of each server.
 */
export function systemDns(servers: readonly string[], timeoutMs: number): Dns & ReverseDns {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    async mx(domain) {
      const answer = await ask(`MX ${domain}`, () => resolver.resolveMx(domain));
      return answer.kind === 'found' ? readMx(domain, answer.value) : answer;
    },
    async addresses(host) {
      // RFC 6761 §6.3: localhost is this host, and no resolver is asked about it.
      if (host === 'localhost' || host.endsWith('.localhost'))
        return { kind: 'found', value: ['::1', '127.0.0.1'] };
      const [six, four] = await Promise.all([
        ask(`AAAA ${host}`, () => resolver.resolve6(host)),
        ask(`A ${host}`, () => resolver.resolve4(host)),
      ]);
      return combine(six, four);
    },
    async reverse(address) {
      // Not resolver.reverse: that asks the hosts file too, and a lookup without an answer looks like a no.
      const answer = await ask(`PTR ${address}`, () => resolver.resolvePtr(reverseName(address)));
      if (answer.kind !== 'found') return answer;
      const names = answer.value.flatMap((text) => {
        const name = parseDomain(text);
        return name.kind === 'ok' ? [name.value] : [];
      });
      return names.length === 0
        ? { kind: 'absent', what: 'no-such-record' }
        : { kind: 'found', value: names };
    },
  };
}

/** The name at which the names of an address stand: RFC 1035 §3.5; for IPv6 below ip6.arpa, digit by digit. */
function reverseName(address: IpAddress): string {
  if (isIPv4(address)) return `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  const digits = groupsOf(address).flatMap((group) => group.toString(16).padStart(4, '0').split(''));
  return `${digits.toReversed().join('.')}.ip6.arpa`;
}

function readMx(
  domain: Domain,
  records: readonly { exchange: string; priority: number }[],
): Lookup<MxAnswer> {
  const isNull = (exchange: string): boolean => exchange === '' || exchange === '.';
  const hosts: MxHost[] = [];
  for (const { exchange, priority } of records) {
    // An address in place of a name is a common mistake; RFC 5321 §5.1 knows names only.
    if (isNull(exchange) || isIP(exchange) !== 0) continue;
    const host = parseDomain(exchange);
    if (host.kind === 'ok') hosts.push({ host: host.value, preference: priority });
  }
  if (hosts.length > 0) {
    return {
      kind: 'found',
      value: { kind: 'hosts', hosts: hosts.toSorted((a, b) => a.preference - b.preference) },
    };
  }
  if (records.some(({ exchange }) => isNull(exchange))) return { kind: 'found', value: { kind: 'null' } };
  if (records.length === 0) return { kind: 'absent', what: 'no-such-record' };
  // There are MX records, so the address of the domain itself is not an implicit MX (RFC 5321 §5.1).
  return { kind: 'unknown', because: `no MX record of ${domain} names a host` };
}

function combine(six: Lookup<string[]>, four: Lookup<string[]>): Lookup<readonly string[]> {
  const found = [six, four].flatMap((answer) => (answer.kind === 'found' ? answer.value : []));
  if (found.length > 0) return { kind: 'found', value: found };
  // One family without an answer may be the only one that exists.
  if (six.kind === 'unknown') return six;
  if (four.kind === 'unknown') return four;
  return four.kind === 'absent' ? four : { kind: 'absent', what: 'no-such-record' };
}

async function ask<Value>(question: string, query: () => Promise<Value>): Promise<Lookup<Value>> {
  try {
    return { kind: 'found', value: await query() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTFOUND') return { kind: 'absent', what: 'no-such-name' };
    if (code === 'ENODATA') return { kind: 'absent', what: 'no-such-record' };
    return {
      kind: 'unknown',
      because: `${question}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
