/**
 * The one decision: which hosts mail for a destination may go to, what each must show, and who says so.
 *
 * A function from facts, with no look-up in it. The order of the layers: an operator's word (an override, else a rule, else
 * the route) stands over those below it; the message's own wish; DANE, which decides for each host; MTA-STS for the hosts
 * without usable TLSA records (RFC 8461 §2); a policy list; the memory of what was seen; then the default level. A message raises
 * what any of them says, and lowers what is published of the recipient domain and what was seen of it.
 */
import type { IpAddress } from '../names/address.ts';
import type { Domain } from '../names/domain.ts';
import type { MailDomain } from '../names/mailbox.ts';
import type { ReferenceIdentity } from '../tls/identity.ts';
import type { HostFacts } from './dane/hosts.ts';
import { type DanePlan, daneAt } from './dane/plan.ts';
import { type DaneDemand, type Decision, decide } from './decide.ts';
import {
  type Avoidance,
  demand,
  isLifted,
  isOverridden,
  isSecure,
  operatorWord,
  type Rules,
  raised,
  releasesWord,
  routesWord,
  type Wanted,
} from './demand.ts';
import type { DestinationFacts } from './destination.ts';
import { listsHost } from './list/demand.ts';
import { isProvenBefore } from './memory/expect.ts';
import { matchingPattern } from './mta-sts/match.ts';

export type { Rules } from './demand.ts';

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
  /** Another host may do. */
  | (Avoidance & {
      readonly host: Domain;
      readonly preference: number;
      /** Those that are known: where one is ours, mail must not go to hosts behind it either. */
      readonly addresses: readonly IpAddress[];
      /** Whether only an answer is missing, so that it may do another time. */
      readonly passing: boolean;
    });

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

/**
 * Decides for a host of which nothing is asked in the DNS: one that is named by its address.
 *
 * @param recipient whom the mail is for.
 */
export function decideUnasked(recipient: MailDomain, rules: Rules): Decision {
  const { route, defaultLevel } = rules;
  const own = decide(recipient, route, defaultLevel);
  const word = releasesWord(rules) ?? routesWord(rules);
  const { kind: _, ...level } = raised(word ?? { kind: 'demand', ...own }, rules, isOverridden({}, rules));
  return { ...own, ...level };
}

function decideHost(facts: DestinationFacts, host: HostFacts, preference: number, rules: Rules): HostVerdict {
  const word = operatorWord(facts, rules);
  const wantedOf = (plan: DanePlan): Wanted => word ?? demand(facts, host.host, plan, rules);
  if (host.kind !== 'found') {
    // Of its TLSA records nothing is known; what the others ask of it holds, should it be found another time.
    const wanted = wantedOf({ kind: 'none', because: host.because });
    const known = { host: host.host, preference, addresses: [], passing: host.kind === 'unknown' };
    if (wanted.kind === 'avoid') return { ...wanted, ...known };
    const { by, requires } = raised(wanted, rules, isOverridden(facts, rules));
    return { kind: 'avoid', ...known, by, requires, forbidden: false, because: host.because };
  }
  const plan = daneAt(host.tlsa);
  const wanted = wantedOf(plan);
  if (wanted.kind === 'avoid') {
    return {
      ...wanted,
      host: host.host,
      preference,
      addresses: host.addresses,
      passing: !wanted.forbidden,
    };
  }
  const { kind: _, hostNameOnly = false, ...level } = raised(wanted, rules, isOverridden(facts, rules));
  const binds = word === undefined && !isLifted(rules);
  const decision: Decision = {
    ...level,
    // RFC 8461 §4.2: the certificate is for the name of the host; one for the domain of the mail does not do.
    match: hostNameOnly ? [{ kind: 'name', name: host.host }] : demandedNames(facts, host.host, rules),
    dane: plan.kind === 'dane' ? daneDemand(facts, host.host, plan, binds) : null,
  };
  const serverName = plan.kind === 'dane' ? plan.base : host.host;
  return { kind: 'use', host: host.host, preference, facts: host, serverName, decision };
}

/** RFC 8689 §4.2.1: under REQUIRETLS "the hostname from the MX record lookup" has to be proved, not the domain that has it. */
function demandedNames(facts: DestinationFacts, host: Domain, rules: Rules): readonly ReferenceIdentity[] {
  const names = namesOf(facts, host, rules);
  const { domain, way } = facts;
  const isWanted = rules.message?.requires === 'authenticate' && rules.message.requireTls !== 'no';
  if (!isWanted || way.kind !== 'hosts' || host === domain) return names;
  return names.filter((one) => one.kind !== 'name' || one.name !== domain);
}

/** Names that the path could not choose: the rules', and the host's own where a proof or a policy leads to it. */
function namesOf(facts: DestinationFacts, host: Domain, { route, defaultLevel }: Rules): ReferenceIdentity[] {
  const recipient = { kind: 'domain', domain: facts.domain } as const;
  const { match } = decide(recipient, route, defaultLevel);
  const isNamed = match.some((identity) => identity.kind === 'name' && identity.name === host);
  return isNamed || !isTrusted(facts, host) ? [...match] : [...match, { kind: 'name', name: host }];
}

function isTrusted(facts: DestinationFacts, host: Domain): boolean {
  return isVouchedFor(facts, host) || isProvenBefore(facts, host);
}

/** Whether nobody on the path could choose the host, by what is published: proven MX records, or a policy in force that names it. */
export function isVouchedFor({ way, sts, domain, list }: DestinationFacts, host: Domain): boolean {
  if (isSecure(way) || host === domain || listsHost(list, host)) return true;
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
