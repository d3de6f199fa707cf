/** Where mail for a domain goes: the hosts to try, in order, and what each must show. RFC 5321 §5.1. */
import { isIPv6 } from 'node:net';
import type { Target } from '../lookup/engine.ts';
import type { IpAddress } from '../names/address.ts';
import type { Domain } from '../names/domain.ts';
import type { MailDomain } from '../names/mailbox.ts';
import {
  type DestinationVerdict,
  decideAll,
  decideUnasked,
  type HostVerdict,
  type Rules,
  type UsableHost,
} from '../policies/combine.ts';
import type { Decision } from '../policies/decide.ts';
import { type DestinationFacts, MOST_HOSTS } from '../policies/destination.ts';
import type { MessageDemand } from '../policies/message.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { Course } from './parcel.ts';
import type { Outgoing } from './settings.ts';
import type { Demanded } from './tls-verdict.ts';

export interface NextHop {
  /** The host's name, or its address where it was named so. */
  readonly host: string;
  /** Sent as SNI; null for an address. */
  readonly serverName: Domain | null;
  readonly address: string;
  readonly port: number;
  /** What a session with this host must reach. */
  readonly decision: Decision;
  /** What was looked up; absent for an address, of which nothing is. */
  readonly destination?: DestinationFacts;
}

export type NextHops =
  /** At least one. */
  | {
      readonly kind: 'found';
      readonly hops: readonly NextHop[];
      /** A host of which only an answer is missing: mail that no other host can take waits for it. */
      readonly passedOver: { readonly because: string; readonly demanded: Demanded } | null;
    }
  /** The domain takes no mail, or leads back to us: no later attempt will change that by itself. */
  | {
      readonly kind: 'none';
      readonly status: '5.1.2' | '5.1.10' | '5.4.6' | '5.4.4';
      readonly because: string;
      readonly demanded: Demanded;
    }
  /** `forbidden`: a policy rules out every host. */
  | {
      readonly kind: 'unknown';
      readonly because: string;
      readonly forbidden: boolean;
      readonly demanded: Demanded;
      /** What was looked up. */
      readonly destination: DestinationFacts;
    };

/** More addresses than this are not tried in one attempt. */
const MAX_HOPS = MOST_HOSTS;

/** What of all that the relay is told counts here. */
type Terms = Pick<Outgoing, 'level' | 'lookUp' | 'smtpPort' | 'isSelf'>;

/** For whom a way is wanted, and what is asked of it. */
export interface Errand extends Pick<Course, 'domain' | 'route' | 'ruled' | 'release'> {
  /** null: it asks for nothing. */
  readonly message: MessageDemand | null;
}

/** @param random in [0, 1); spreads load over MX hosts of equal preference, and over the addresses of a host. */
export async function nextHops(
  { domain: recipient, route, ruled, release, message }: Errand,
  outgoing: Terms,
  random: () => number,
): Promise<NextHops> {
  const rules: Rules = { route, defaultLevel: outgoing.level(), ruled: ruled.tls, release, message };
  const target = targetOf(recipient, route);
  if (target.kind === 'address') {
    const port = target.port ?? outgoing.smtpPort;
    const decision = decideUnasked(recipient, rules);
    const { address } = target;
    return found([{ host: address, serverName: null, address, port, decision }], outgoing);
  }
  const destination = await outgoing.lookUp(target);
  const verdict = decideAll(destination, rules);
  const demanded = demandedBy(verdict, recipient, rules);
  switch (verdict.kind) {
    case 'refuse':
      return { kind: 'none', status: verdict.status, because: verdict.because, demanded };
    case 'defer':
      return {
        kind: 'unknown',
        because: verdict.because,
        forbidden: verdict.forbidden,
        demanded,
        destination,
      };
    case 'deliver':
      return target.kind === 'host'
        ? found(hopsOf(verdict.hosts.filter(isUsable), destination, target.port, random), outgoing)
        : byPreference(verdict.hosts, destination, demanded, outgoing, random);
  }
}

/** Where mail is to go before anything is looked up. */
export type Destination =
  | Target
  | { readonly kind: 'address'; readonly address: IpAddress; readonly port?: number };

/** The host of the rule, else the recipient's own domain or address. */
export function targetOf(recipient: MailDomain, route: Route | undefined): Destination {
  if (route !== undefined && route.to !== null) {
    const { host, port } = route.to;
    return host.kind === 'ip'
      ? { kind: 'address', address: host.address, port }
      : { kind: 'host', host: host.name, port };
  }
  return recipient.kind === 'literal'
    ? { kind: 'address', address: recipient.address }
    : { kind: 'domain', domain: recipient.domain };
}

/** The layer that stands in the way; where none does, what the rules say. */
function demandedBy(verdict: DestinationVerdict, recipient: MailDomain, rules: Rules): Demanded {
  const obstacle = verdict.hosts.find((host) => host.kind === 'avoid' && host.by !== 'default');
  if (verdict.kind === 'defer' && obstacle?.kind === 'avoid') return obstacle;
  return decideUnasked(recipient, rules);
}

/**
 * The addresses of MX hosts in order of preference.
 *
 * RFC 5321 §5.1: where we are an MX ourselves, hosts of our preference or a greater number are left out.
 */
function byPreference(
  hosts: readonly HostVerdict[],
  destination: DestinationFacts,
  demanded: Demanded,
  outgoing: Terms,
  random: () => number,
): NextHops {
  const { domain } = destination;
  const candidates = hosts.map((host) => ({ host, rank: random() }));
  const ours = hosts.filter((host) => isOurs(host, outgoing));
  const limit = Math.min(...ours.map(({ preference }) => preference));
  const others = candidates
    .filter(({ host }) => host.preference < limit)
    .toSorted((a, b) => a.host.preference - b.host.preference || a.rank - b.rank)
    .map(({ host }) => host);
  if (others.length === 0) {
    const because = `mail for ${domain} loops: its best MX is this host`;
    return { kind: 'none', status: '5.4.6', because, demanded };
  }
  const usable = others.filter(isUsable);
  if (usable.length > 0) {
    const passing = others.find((host) => host.kind === 'avoid' && host.passing);
    const passedOver = passing?.kind === 'avoid' ? { because: passing.because, demanded: passing } : null;
    const hops = hopsOf(usable, destination, outgoing.smtpPort, random).slice(0, MAX_HOPS);
    return { kind: 'found', hops, passedOver };
  }
  // Those before us cannot be used now, and behind us mail would come back.
  const avoided = others.find((host) => host.kind === 'avoid');
  const because = avoided?.because ?? `none of the MX hosts of ${domain} can be used`;
  const forbidden = avoided?.forbidden ?? false;
  return { kind: 'unknown', because, forbidden, demanded: avoided ?? demanded, destination };
}

function isUsable(host: HostVerdict): host is UsableHost {
  return host.kind === 'use';
}

/** A host that carries our name is not us where another server has its port: the relay beside a mail server. */
function isOurs(host: HostVerdict, outgoing: Terms): boolean {
  const addresses = host.kind === 'use' ? host.facts.addresses : host.addresses;
  return addresses.some((address) => outgoing.isSelf(address, outgoing.smtpPort));
}

/**
 * IPv6 first, and within a family in any order: what is proven or kept comes in the same order each time, and all mail
 * would go to one address.
 */
function hopsOf(
  hosts: readonly UsableHost[],
  destination: DestinationFacts,
  port: number,
  random: () => number,
): readonly NextHop[] {
  return hosts.flatMap(({ host, serverName, facts, decision }) => {
    const ranked = facts.addresses.map((address) => ({ address, six: isIPv6(address), rank: random() }));
    return ranked
      .toSorted((a, b) => Number(b.six) - Number(a.six) || a.rank - b.rank)
      .map(({ address }) => ({ host, serverName, address, port, decision, destination }));
  });
}

function found(hops: readonly NextHop[], outgoing: Terms): NextHops {
  const others = hops.filter(({ address, port }) => !outgoing.isSelf(address, port));
  if (others.length > 0) return { kind: 'found', hops: others.slice(0, MAX_HOPS), passedOver: null };
  const [first] = hops;
  const because = `mail loops: ${first?.host ?? 'the next hop'} is this host`;
  const demanded = first?.decision ?? { requires: 'none', by: 'default' };
  return { kind: 'none', status: '5.4.6', because, demanded };
}
