/** Where mail for a domain goes: the hosts to try, in order. RFC 5321 §5.1, RFC 7505. */

import type { Domain } from '../names/domain.ts';
import type { MailDomain } from '../names/mailbox.ts';
import type { Lookup, MxHost } from '../net/dns.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { Outgoing } from './settings.ts';

export interface NextHop {
  /** The host's name, or its address where it was named so. */
  readonly host: string;
  /** Sent as SNI; null for an address. */
  readonly serverName: Domain | null;
  readonly address: string;
  readonly port: number;
  /** How the name was learnt: `configured` by the operator, or from `unsigned-dns`, where the path can put any. */
  readonly learnt: 'configured' | 'unsigned-dns' | 'recipient';
}

export type NextHops =
  /** At least one. */
  | { readonly kind: 'found'; readonly hops: readonly NextHop[] }
  /** The domain takes no mail, or leads back to us: no later attempt will change that by itself. */
  | {
      readonly kind: 'none';
      readonly status: '5.1.2' | '5.1.10' | '5.4.6' | '5.4.4';
      readonly because: string;
    }
  | { readonly kind: 'unknown'; readonly because: string };

/** More addresses than this are not tried in one attempt. */
const MAX_HOPS = 10;

/** @param random in [0, 1); spreads load over MX hosts of equal preference. */
export async function nextHops(
  recipient: MailDomain,
  route: Route | undefined,
  outgoing: Outgoing,
  random: () => number,
): Promise<NextHops> {
  if (route !== undefined && route.to !== null) {
    const { host, port } = route.to;
    if (host.kind === 'ip') return found([toAddress(host.address, port, 'configured')], outgoing);
    return byHost(host.name, port, 'configured', outgoing);
  }
  if (recipient.kind === 'literal')
    return found([toAddress(recipient.address, outgoing.smtpPort, 'recipient')], outgoing);
  return byMx(recipient.domain, outgoing, random);
}

async function byMx(domain: Domain, outgoing: Outgoing, random: () => number): Promise<NextHops> {
  const mx = await outgoing.dns.mx(domain);
  if (mx.kind === 'unknown') return mx;
  if (mx.kind === 'absent') {
    if (mx.what === 'no-such-name')
      return { kind: 'none', status: '5.1.2', because: `the domain ${domain} does not exist` };
    return byHost(domain, outgoing.smtpPort, 'recipient', outgoing);
  }
  if (mx.value.kind === 'null') {
    // RFC 7505 §4.1: permanent, and said with its own code.
    return { kind: 'none', status: '5.1.10', because: `the domain ${domain} accepts no mail (null MX)` };
  }
  return byHosts(domain, mx.value.hosts, outgoing, random);
}

/**
 * The addresses of MX hosts in order of preference.
 *
 * RFC 5321 §5.1: where we are an MX ourselves, hosts of our preference or a greater number are left out.
 */
async function byHosts(
  domain: Domain,
  hosts: readonly MxHost[],
  outgoing: Outgoing,
  random: () => number,
): Promise<NextHops> {
  const answers = await Promise.all(hosts.slice(0, MAX_HOPS).map(({ host }) => outgoing.dns.addresses(host)));
  const candidates = hosts.slice(0, MAX_HOPS).map((mx, index) => ({
    mx,
    rank: random(),
    answer: answers[index] ?? { kind: 'unknown' as const, because: `${mx.host} was not looked up` },
  }));
  const ours = candidates.filter(({ answer }) => isOurs(answer, outgoing));
  const limit = Math.min(...ours.map(({ mx }) => mx.preference));
  const others = candidates
    .filter(({ mx }) => mx.preference < limit)
    .toSorted((a, b) => a.mx.preference - b.mx.preference || a.rank - b.rank);
  if (others.length === 0) {
    return { kind: 'none', status: '5.4.6', because: `mail for ${domain} loops: its best MX is this host` };
  }
  const hops = others.flatMap(({ mx, answer }) =>
    answer.kind === 'found'
      ? answer.value.map((address) => hop(mx.host, address, outgoing.smtpPort, 'unsigned-dns'))
      : [],
  );
  if (hops.length > 0) return { kind: 'found', hops: hops.slice(0, MAX_HOPS) };
  const unknown = others.map(({ answer }) => answer).find((answer) => answer.kind === 'unknown');
  return unknown ?? { kind: 'unknown', because: `none of the MX hosts of ${domain} has an address` };
}

/** A host that carries our name is not us where another server has its port: the relay beside a mail server. */
function isOurs(answer: Lookup<readonly string[]>, outgoing: Outgoing): boolean {
  return (
    answer.kind === 'found' && answer.value.some((address) => outgoing.isSelf(address, outgoing.smtpPort))
  );
}

/** A host by its own addresses: configured, or the implicit MX (RFC 5321 §5.1). */
async function byHost(
  name: Domain,
  port: number,
  learnt: NextHop['learnt'],
  outgoing: Outgoing,
): Promise<NextHops> {
  const answer = await outgoing.dns.addresses(name);
  if (answer.kind === 'unknown') return answer;
  if (answer.kind === 'found')
    return found(
      answer.value.map((address) => hop(name, address, port, learnt)),
      outgoing,
    );
  // A configured host without an address is the operator's slip, to be repaired while the mail waits.
  if (learnt === 'configured')
    return { kind: 'unknown', because: `the configured host ${name} has no address` };
  return answer.what === 'no-such-name'
    ? { kind: 'none', status: '5.1.2', because: `the domain ${name} does not exist` }
    : { kind: 'none', status: '5.4.4', because: `the domain ${name} has neither MX nor address` };
}

function found(hops: readonly NextHop[], outgoing: Outgoing): NextHops {
  const others = hops.filter(({ address, port }) => !outgoing.isSelf(address, port));
  if (others.length > 0) return { kind: 'found', hops: others.slice(0, MAX_HOPS) };
  const host = hops[0]?.host ?? 'the next hop';
  return { kind: 'none', status: '5.4.6', because: `mail loops: ${host} is this host` };
}

function hop(host: Domain, address: string, port: number, learnt: NextHop['learnt']): NextHop {
  return { host, serverName: host, address, port, learnt };
}

function toAddress(address: string, port: number, learnt: NextHop['learnt']): NextHop {
  return { host: address, serverName: null, address, port, learnt };
}
