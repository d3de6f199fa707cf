/** What each layer demands of a host, and which of them counts. */
import { formatMoment } from '../names/calendar.ts';
import type { Domain } from '../names/domain.ts';
import type { DanePlan } from './dane/plan.ts';
import { atLevel, type Decision, decide } from './decide.ts';
import type { DestinationFacts, Way } from './destination.ts';
import { listDemand } from './list/demand.ts';
import { expectationAt } from './memory/expect.ts';
import type { MessageDemand } from './message.ts';
import { matchingPattern } from './mta-sts/match.ts';
import type { Override } from './overrides/override.ts';
import { type Release, saidInRelease } from './overrides/release.ts';
import type { Route } from './overrides/route.ts';
import { type Ruled, ruleText } from './overrides/rule.ts';
import type { Layer, Requirement, TlsLevel } from './words.ts';

/** What operators have said, and what the message says. */
export interface Rules {
  readonly route: Route | undefined;
  readonly defaultLevel: TlsLevel;
  /** The level that a rule about sender and recipient has; absent or null: none. */
  readonly ruled?: Ruled['tls'];
  /** What an operator has said of just this message; absent or null: nothing that is in force. */
  readonly release?: Release | null;
  /** Absent or null: it asks for nothing, or there is no message. */
  readonly message?: MessageDemand | null;
}

/** One layer's demand: the level, and the sentence that says why. */
export interface Demand
  extends Pick<
    Decision,
    'requires' | 'tryTls' | 'provesName' | 'by' | 'because' | 'overridden' | 'promoted'
  > {
  readonly kind: 'demand';
  /** Whether nothing but the name of the host itself proves anything; absent: no. */
  readonly hostNameOnly?: boolean;
}

/** Mail must not go to the host. */
export interface Avoidance {
  readonly kind: 'avoid';
  readonly by: Layer;
  readonly requires: Requirement;
  /** Whether a policy forbids the host; else it could not be looked up, or has no address. */
  readonly forbidden: boolean;
  readonly because: string;
}

export type Wanted = Demand | Avoidance;

/**
 * A release of the message, else an override with a date, else a rule, else a route with a level: it may raise, and it alone
 * may lower for good.
 */
export function operatorWord({ override }: DestinationFacts, rules: Rules): Demand | undefined {
  const word = releasesWord(rules);
  if (word !== undefined) return word;
  if (override !== undefined) return said(override.level, saidIn(override));
  return routesWord(rules);
}

/** What was said of just this message. */
export function releasesWord({ release }: Rules): Demand | undefined {
  if (release === undefined || release === null) return undefined;
  return said(release.level, saidInRelease(release));
}

function said(level: TlsLevel, because: string): Demand {
  return { kind: 'demand', ...atLevel(level), by: 'override', because, overridden: true };
}

/** Whether an operator has said more than the configuration does. */
export function isOverridden({ override }: Partial<DestinationFacts>, rules: Rules): boolean {
  return override !== undefined || releasesWord(rules) !== undefined;
}

/** What the configuration says: a rule, else the route. */
export function routesWord({ ruled, route }: Rules): Demand | undefined {
  if (ruled !== undefined && ruled !== null) {
    const because = `${ruleText(ruled.rule)} says ${ruled.level}`;
    return { kind: 'demand', ...atLevel(ruled.level), by: 'override', because };
  }
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

/** What the message raises: it is named where nobody who stands higher asks for as much. */
export function raised(wanted: Demand, { message }: Rules, overridden: boolean): Demand {
  if (message === undefined || message === null || message.requires === 'none') return wanted;
  if (overridden && !message.overOverride) return wanted;
  const { requires, because } = message;
  const provesName = wanted.provesName || requires === 'authenticate';
  if (RANK[requires] < RANK[wanted.requires]) return wanted;
  if (RANK[requires] === RANK[wanted.requires] && wanted.by === 'override') return { ...wanted, provesName };
  const { overridden: _, promoted: __, ...rest } = wanted;
  return { ...rest, requires, tryTls: 'yes', provesName, by: 'message', because };
}

/** Whether the message asks that the policies of the recipient domain are ignored (RFC 8689 §3). */
export function isLifted({ message }: Rules): boolean {
  return message?.lifts === true;
}

/** What the policies demand of a host: the strictest of them, and of two that are equal the one that stands higher. */
export function demand(facts: DestinationFacts, host: Domain, plan: DanePlan, rules: Rules): Wanted {
  const { defaultLevel } = rules;
  const published = publishedDemands(facts, host, plan);
  const because = `no policy asks for more, and the default level is ${defaultLevel}`;
  const byDefault: Demand = { kind: 'demand', ...atLevel(defaultLevel), by: 'default', because };
  const own = promoted(facts, byDefault);
  if (isLifted(rules)) return lifted(published, own, rules);
  const avoided = published.find((one) => one.kind === 'avoid');
  if (avoided?.kind === 'avoid') return avoided;
  const demands = [...published.filter((one) => one.kind === 'demand'), own];
  const [strictest, ...others] = demands.toSorted((a, b) => RANK[b.requires] - RANK[a.requires]);
  if (strictest === undefined) throw new Error('there is no default level');
  // A weaker layer that is the only one to ask for a proven name still asks for it: half-DANE proves none.
  const provesName = [strictest, ...others].some((one) => one.provesName);
  return { ...strictest, provesName };
}

/** A promotion is an operator's word that only raises: what the domain has published, and the default, stay. */
function promoted({ promotion }: DestinationFacts, byDefault: Demand): Demand {
  if (promotion === undefined || RANK[promotion.level] <= RANK[byDefault.requires]) return byDefault;
  const { domain, level, until, reason } = promotion;
  const because = `an operator has put ${level} in force for ${domain} until ${formatMoment(Math.floor(until / 1000))}, by what was seen: ${reason}`;
  return { kind: 'demand', ...atLevel(level), by: 'override', because, promoted: true };
}

/** RFC 8689 §3: the message asks that what the recipient's domain demands is ignored; TLS is tried all the same. */
function lifted(published: readonly Wanted[], byDefault: Demand, { message }: Rules): Demand {
  const most = published.find((one) => one.kind === 'avoid' || RANK[one.requires] > RANK[byDefault.requires]);
  if (most === undefined) return byDefault;
  const because = `${message?.because ?? ''}, which sets aside what ${LAYER_NAMES[most.by]} asks for`;
  return { ...byDefault, by: 'message', because };
}

const LAYER_NAMES: Record<Layer, string> = {
  override: 'the operator',
  message: 'the message',
  dane: 'DANE',
  sts: 'MTA-STS',
  list: 'the policy list',
  memory: 'the memory',
  default: 'the default',
};

const RANK: Record<Requirement, number> = { none: 0, encrypt: 1, authenticate: 2 };

/** What is published about the recipient's domain, by itself and by others, and what was seen of it, in the order of the layers. */
function publishedDemands(facts: DestinationFacts, host: Domain, plan: DanePlan): readonly Wanted[] {
  if (plan.kind === 'avoid') {
    // "MUST treat that server as unreachable" (RFC 7672 §2.1.2): no other policy rescues it.
    const { because } = plan;
    return [{ kind: 'avoid', by: 'dane', requires: 'authenticate', forbidden: false, because }];
  }
  const published = [
    plan.kind === 'none' ? undefined : byDane(plan),
    stsDemand(facts, host, plan),
    listDemand(facts, host, plan, isSecure(facts.way)),
  ].filter((one) => one !== undefined);
  const memory = memoryDemand(facts, host, plan);
  if (memory === undefined) return published;
  // Records of a host that anybody can have named prove nothing of the domain: the memory asks for more than they do.
  return plan.kind === 'dane' ? [memory, ...published] : [...published, memory];
}

/** What was seen is demanded again, where an operator has said so. */
function memoryDemand(facts: DestinationFacts, host: Domain, plan: DanePlan): Demand | undefined {
  if (facts.memory?.mode !== 'enforce') return undefined;
  const expected = expectationAt(facts, host, plan);
  // A match with the records of a host that was proven before proves it again.
  if (expected === undefined || (plan.kind === 'dane' && expected.track.host !== null)) return undefined;
  if (plan.kind === 'dane' && expected.level === 'encrypt') return undefined;
  const { level: requires, because } = expected;
  return {
    kind: 'demand',
    requires,
    tryTls: 'yes',
    provesName: requires === 'authenticate',
    by: 'memory',
    because,
  };
}

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
function stsDemand({ sts, way }: DestinationFacts, host: Domain, plan: DanePlan): Wanted | undefined {
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
    hostNameOnly: true,
  };
}

/** Whether nobody on the path could choose the hosts: also where it is proven that there are no MX records. */
export function isSecure(way: Way): boolean {
  if (way.kind === 'hosts' || way.kind === 'implicit') return way.status === 'secure';
  return way.kind === 'configured';
}
