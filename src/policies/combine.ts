/**
 * The one decision: which hosts mail for a destination may go to, what each must show, and who says so.
 *
 * A function from facts, with no look-up in it. The order of the layers: an operator's word stands over all others, DANE
 * decides for each host, MTA-STS for the hosts without usable TLSA records (RFC 8461 §2), then the default level.
 */
import type { IpAddress } from '../names/address.ts';
import { formatMoment } from '../names/calendar.ts';
import type { Domain } from '../names/domain.ts';
import type { ReferenceIdentity } from '../tls/identity.ts';
import type { HostFacts } from './dane/hosts.ts';
import { type DanePlan, daneAt } from './dane/plan.ts';
import { atLevel, type DaneDemand, type Decision, decide } from './decide.ts';
import type { DestinationFacts, Way } from './destination.ts';
import { matchingPattern } from './mta-sts/match.ts';
import type { Override } from './overrides/override.ts';
import type { Route } from './overrides/route.ts';
import type { Layer, Requirement, TlsLevel } from './words.ts';

/** What operators have said. */
export interface Rules {
  readonly route: Route | undefined;
  readonly defaultLevel: TlsLevel;
}

type ReachableHost = Extract<HostFacts, { kind: 'found' }>;

export interface UsableHost {
  readonly kind: 'use';
  readonly host: Domain;
  readonly preference: number;
  readonly facts: ReachableHost;
  /** The name to ask for in the handshake: the TLSA base domain under DANE (RFC 7672 §8.1). */
  readonly serverName: Domain;
  readonly decision: Decision;
}

export type HostVerdict =
  | UsableHost
  | {
      /** Mail must not go there; another host may do. */
      readonly kind: 'avoid';
      readonly host: Domain;
      readonly preference: number;
      /** Those that are known: where one is ours, mail must not go to hosts behind it either. */
      readonly addresses: readonly IpAddress[];
      readonly by: Layer;
      readonly requires: Requirement;
      /** Whether a policy forbids the host; else it could not be looked up, or has no address. */
      readonly forbidden: boolean;
      /** Whether only an answer is missing, so that it may do another time. */
      readonly passing: boolean;
      readonly because: string;
    };

export type DestinationVerdict =
  /** At least one host that may be used, in order of preference. */
  | {
      readonly kind: 'deliver';
      readonly hosts: readonly HostVerdict[];
      readonly because: string;
    }
  /** Later it may be possible. `forbidden`: a policy rules out every host. */
  | {
      readonly kind: 'defer';
      readonly hosts: readonly HostVerdict[];
      readonly forbidden: boolean;
      readonly because: string;
    }
  | {
      readonly kind: 'refuse';
      readonly hosts: readonly HostVerdict[];
      readonly status: '5.1.2' | '5.1.10' | '5.4.4';
      readonly because: string;
    };

/** Decides for a destination. */
export function decideAll(facts: DestinationFacts, rules: Rules): DestinationVerdict {
  const { way, domain } = facts;
  if (way.kind === 'unknown') return { kind: 'defer', hosts: [], forbidden: false, because: way.because };
  if (way.kind === 'no-such-domain')
    return { kind: 'refuse', hosts: [], status: '5.1.2', because: way.because };
  // RFC 7505 §4.1: permanent, and said with its own code.
  if (way.kind === 'null') return { kind: 'refuse', hosts: [], status: '5.1.10', because: way.because };
  const hosts = facts.hosts.map(({ preference, facts: host }) => decideHost(facts, host, preference, rules));
  const [first] = facts.hosts;
  if (way.kind === 'implicit' && first?.facts.kind === 'absent') {
    const because = `the domain ${domain} has neither MX nor address`;
    return { kind: 'refuse', hosts, status: '5.4.4', because };
  }
  const usable = hosts.find((host) => host.kind === 'use');
  if (usable !== undefined) return { kind: 'deliver', hosts, because: usable.decision.because };
  const avoided = hosts.filter((host) => host.kind === 'avoid');
  const worst = avoided.find(({ forbidden }) => forbidden) ?? avoided[0];
  const because = worst?.because ?? `${domain} has no mail host`;
  const others = othersToo(avoided.filter((host) => host !== worst).map(({ host }) => host));
  return { kind: 'defer', hosts, forbidden: worst?.forbidden ?? false, because: `${because}${others}` };
}

/** So many hosts are named. */
const MOST_NAMED = 3;

/** What is said of further mail hosts, behind the sentence about the one that matters; '' where there are none. */
export function othersToo(hosts: readonly string[]): string {
  if (hosts.length === 0) return '';
  if (hosts.length > MOST_NAMED) return ` (${hosts.length} other mail hosts cannot be used either)`;
  return ` (${hosts.join(', ')} cannot be used either)`;
}

function decideHost(facts: DestinationFacts, host: HostFacts, preference: number, rules: Rules): HostVerdict {
  const word = operatorWord(facts, rules);
  if (host.kind !== 'found') {
    // Of its TLSA records nothing is known; what the others ask of it holds, should it be found another time.
    const wanted = word ?? demand(facts, host.host, { kind: 'none', because: host.because }, rules);
    const known = { host: host.host, preference, addresses: [], passing: host.kind === 'unknown' };
    if (wanted.kind === 'avoid') return { ...wanted, ...known };
    const { by, requires } = wanted;
    return { kind: 'avoid', ...known, by, requires, forbidden: false, because: host.because };
  }
  const plan = daneAt(host.tlsa);
  const demanded = word ?? demand(facts, host.host, plan, rules);
  if (demanded.kind === 'avoid') {
    return {
      ...demanded,
      host: host.host,
      preference,
      addresses: host.addresses,
      passing: !demanded.forbidden,
    };
  }
  const { because, by, ...level } = demanded;
  const decision: Decision = {
    ...level,
    by,
    because,
    // RFC 8461 §4.2: the certificate is for the name of the host; one for the domain of the mail does not do.
    match: by === 'sts' ? [{ kind: 'name', name: host.host }] : namesOf(facts, host.host, rules),
    dane: plan.kind === 'dane' ? daneDemand(facts, host.host, plan, word === undefined) : null,
  };
  const serverName = plan.kind === 'dane' ? plan.base : host.host;
  return { kind: 'use', host: host.host, preference, facts: host, serverName, decision };
}

/** One layer's demand: the level, and the sentence that says why. */
interface Demand extends Pick<Decision, 'requires' | 'tryTls' | 'provesName' | 'by' | 'because'> {
  readonly kind: 'demand';
}

type Avoidance = Pick<
  Extract<HostVerdict, { kind: 'avoid' }>,
  'kind' | 'by' | 'requires' | 'forbidden' | 'because'
>;

/** An override with a date, or a route with a level: it may raise, and it alone may lower. */
function operatorWord({ override }: DestinationFacts, { route }: Rules): Demand | undefined {
  if (override !== undefined)
    return { kind: 'demand', ...atLevel(override.level), by: 'override', because: saidIn(override) };
  if (route === undefined || route.tls === null) return undefined;
  const { requires, tryTls, provesName, by, because } = decide(UNNAMED, route, route.tls);
  return { kind: 'demand', requires, tryTls, provesName, by, because };
}

/** The rule's own words do not depend on whom the mail is for. */
const UNNAMED = { kind: 'literal', address: '0.0.0.0' } as const;

function saidIn({ domain, level, until, reason }: Override): string {
  const end = until === null ? 'until it is taken back' : `until ${formatMoment(Math.floor(until / 1000))}`;
  return `an operator's override for ${domain} says ${level} ${end}: ${reason}`;
}

/** What the policies demand of a host: the strictest of them, and of two that are equal the one that stands higher. */
function demand(
  facts: DestinationFacts,
  host: Domain,
  plan: DanePlan,
  { defaultLevel }: Rules,
): Demand | Avoidance {
  if (plan.kind === 'avoid') {
    // "MUST treat that server as unreachable" (RFC 7672 §2.1.2): no other policy rescues it.
    return { kind: 'avoid', by: 'dane', requires: 'authenticate', forbidden: false, because: plan.because };
  }
  const demands: Demand[] = [];
  if (plan.kind !== 'none') demands.push(byDane(plan));
  const sts = stsDemand(facts, host, plan);
  if (sts?.kind === 'avoid') return sts;
  if (sts !== undefined) demands.push(sts);
  const because = `no policy asks for more, and the default level is ${defaultLevel}`;
  demands.push({ kind: 'demand', ...atLevel(defaultLevel), by: 'default', because });
  const [strictest, ...others] = demands.toSorted((a, b) => RANK[b.requires] - RANK[a.requires]);
  if (strictest === undefined) throw new Error('there is no default level');
  // A weaker layer that is the only one to ask for a proven name still asks for it: half-DANE proves none.
  const provesName = [strictest, ...others].some((one) => one.provesName);
  return { ...strictest, provesName };
}

const RANK: Record<Requirement, number> = { none: 0, encrypt: 1, authenticate: 2 };

function byDane(plan: Extract<DanePlan, { kind: 'dane' | 'encrypt' }>): Demand {
  const requires = plan.kind === 'dane' ? 'authenticate' : 'encrypt';
  const { because } = plan;
  return { kind: 'demand', requires, tryTls: 'yes', provesName: false, by: 'dane', because };
}

/**
 * What an enforced MTA-STS policy demands of a host.
 *
 * Where the host has usable TLSA records DANE decides about TLS; that the policy lists the host still counts, unless the
 * MX records are secure.
 */
function stsDemand(
  { sts, way }: DestinationFacts,
  host: Domain,
  plan: DanePlan,
): Demand | Avoidance | undefined {
  if (sts.kind !== 'policy' || sts.known.policy.mode !== 'enforce') return undefined;
  const isDane = plan.kind === 'dane';
  if (isDane && isSecure(way)) return undefined;
  const policy = `the MTA-STS policy of ${sts.domain} (${sts.takenFrom ?? 'enforce'}, id ${sts.known.id})`;
  if (matchingPattern(sts.known.policy, host) === undefined) {
    const because = `${policy} does not list ${host}`;
    return { kind: 'avoid', by: 'sts', requires: 'authenticate', forbidden: true, because };
  }
  if (isDane) return undefined;
  const because = `${policy} lists ${host}`;
  return {
    kind: 'demand',
    requires: 'authenticate',
    tryTls: 'yes',
    provesName: true,
    by: 'sts',
    because,
  };
}

/** Names that the path could not choose: the rules', and the host's own where a proof or a policy leads to it. */
function namesOf(facts: DestinationFacts, host: Domain, { route, defaultLevel }: Rules): ReferenceIdentity[] {
  const recipient = { kind: 'domain', domain: facts.domain } as const;
  const { match } = decide(recipient, route, defaultLevel);
  const isNamed = match.some((identity) => identity.kind === 'name' && identity.name === host);
  return isNamed || !isTrusted(facts, host) ? [...match] : [...match, { kind: 'name', name: host }];
}

/** Whether nobody on the path could choose the hosts: also where it is proven that there are no MX records. */
function isSecure(way: Way): boolean {
  if (way.kind === 'hosts' || way.kind === 'implicit') return way.status === 'secure';
  return way.kind === 'configured';
}

function isTrusted({ way, sts, domain }: DestinationFacts, host: Domain): boolean {
  if (isSecure(way) || host === domain) return true;
  if (sts.kind !== 'policy' || sts.known.policy.mode !== 'enforce') return false;
  return matchingPattern(sts.known.policy, host) !== undefined;
}

function daneDemand(
  facts: DestinationFacts,
  host: Domain,
  { base, set }: Extract<DanePlan, { kind: 'dane' }>,
  binding: boolean,
): DaneDemand {
  const { way, domain } = facts;
  const owner = way.kind === 'hosts' && way.owner !== domain ? [way.owner] : [];
  // Without secure MX records "the MX hostname is the only reference identifier" (RFC 7672 §3.2.2).
  const nextHop = isSecure(way) || host === domain ? [domain, ...owner] : [];
  return { set, names: { base, mx: host, nextHop }, binding, trusted: isTrusted(facts, host) };
}
