/**
 * What each kind of sender would do with a message for a domain, by what was seen of its servers.
 *
 * The decision is the relay's own (`decideAll`, `judgePeer`), on what that sender looks at. Of doors that may come first,
 * hosts of equal preference and their addresses, the worst outcome counts; what was not seen is `unknown` where it decides.
 */
import { decideAll, type HostVerdict, othersToo, type Rules } from '../policies/combine.ts';
import { decide } from '../policies/decide.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { CheckCase, HostCase } from './case.ts';
import { type AtDoor, type Door, deliveryAt, type Seen, worstAt } from './delivery-at.ts';
import { endpointKey } from './endpoint.ts';
import { type SenderKind, seenBy, senderKinds } from './sender-kinds.ts';
import { type Sender, type Simulated, type SimulatedOutcome, senders } from './senders.ts';

/** Empty for servers that other mail servers do not send to. */
export type SenderOutcomes = Readonly<Partial<Record<Sender, Simulated>>>;

export interface Simulation {
  /** Of the domain, or the server that was asked about. */
  readonly outcomes: SenderOutcomes;
  /** In the order of the hosts of the case: were each the only one. */
  readonly hosts: readonly HostSimulation[];
}

export interface HostSimulation {
  readonly name: string;
  readonly outcomes: SenderOutcomes;
  /** By `endpointKey`, were each the only one; of all that were visited. */
  readonly endpoints: ReadonlyMap<string, SenderOutcomes>;
}

/** Simulates all kinds of senders. */
export function simulate(theCase: CheckCase): Simulation {
  const { target, hosts } = theCase;
  if (target.kind !== 'domain' && target.protocol !== 'smtp') {
    return { outcomes: {}, hosts: hosts.map(({ name }) => ({ name, outcomes: {}, endpoints: new Map() })) };
  }
  const each = senders.map((sender) => [sender, simulateAs(theCase, senderKinds[sender])] as const);
  const ofAll = (pick: (one: OneSender) => Simulated | undefined): SenderOutcomes =>
    Object.fromEntries(each.flatMap(([sender, one]) => entryOf(sender, pick(one))));
  return {
    outcomes: ofAll(({ outcome }) => outcome),
    hosts: hosts.map(({ name, observations }, index) => ({
      name,
      outcomes: ofAll((one) => one.hosts[index]?.outcome),
      endpoints: new Map(
        observations.map(({ endpoint }) => {
          const key = endpointKey(endpoint);
          return [key, ofAll((one) => one.hosts[index]?.endpoints.get(key))];
        }),
      ),
    })),
  };
}

/** Where the DNS itself could not be learnt: what other senders do is not known, as their resolvers may be better. */
export function unlearnt({ outcomes, hosts }: Simulation, because: string): Simulation {
  const unknown = (known: SenderOutcomes): SenderOutcomes =>
    Object.fromEntries(Object.keys(known).map((sender) => [sender, nowhere('unknown', because)]));
  return {
    outcomes: unknown(outcomes),
    hosts: hosts.map((host) => ({ ...host, outcomes: unknown(host.outcomes) })),
  };
}

function entryOf(sender: Sender, simulated: Simulated | undefined): [Sender, Simulated][] {
  return simulated === undefined ? [] : [[sender, simulated]];
}

/** What one kind of sender does; hosts in the order of the case. */
export interface OneSender {
  readonly outcome: Simulated;
  readonly hosts: readonly {
    readonly outcome: Simulated;
    readonly endpoints: ReadonlyMap<string, Simulated>;
  }[];
}

/** Simulates a sender of any kind. @param route the rule of its operator for this destination, where there is one. */
export function simulateAs(theCase: CheckCase, kind: SenderKind, route?: Route): OneSender {
  const { facts, hosts } = theCase;
  const rules: Rules = { route, defaultLevel: kind.level };
  const verdict = facts === null ? null : decideAll(seenBy(facts, kind), rules);
  const tried = hosts.map((host, index) => {
    const word = verdict?.hosts[index];
    return word === undefined && verdict !== null ? [] : triedAt(host, word ?? null, theCase, kind);
  });
  const ofHosts = hosts.map((host, index) => hostAlone(host, tried[index] ?? [], kind));
  if (verdict?.kind === 'refuse') return { outcome: nowhere('bounced', verdict.because), hosts: ofHosts };
  if (verdict !== null && isWithoutAddress(hosts))
    return { outcome: nowhere(kind.withoutAddress, verdict.because), hosts: ofHosts };
  if (hosts.length === 0) {
    const because = verdict?.because ?? 'there is no server';
    return { outcome: nowhere('deferred', because), hosts: ofHosts };
  }
  return { outcome: walk(byPreference(hosts, tried), kind), hosts: ofHosts };
}

function isWithoutAddress(hosts: readonly HostCase[]): boolean {
  return hosts.length > 0 && hosts.every(({ facts }) => facts?.kind === 'absent');
}

/** A door with what becomes of a message there. */
interface Tried {
  readonly host: string;
  /** null: a policy or the DNS keeps senders away from the host. */
  readonly key: string | null;
  readonly at: AtDoor;
  /** What it could be at its worst, were it open. */
  readonly worst: SimulatedOutcome;
}

function triedAt(
  host: HostCase,
  verdict: HostVerdict | null,
  { now, target }: CheckCase,
  kind: SenderKind,
): readonly Tried[] {
  if (verdict?.kind === 'avoid') {
    const at: AtDoor = { kind: 'passed', later: !verdict.forbidden, because: verdict.because };
    return [{ host: host.name, key: null, at, worst: 'deferred' }];
  }
  const decision = verdict?.decision ?? decideForAddress(target, kind);
  if (decision === undefined) return [];
  return seenOf(host).map((seen) => {
    const door: Door = { host: host.name, decision, seen };
    const key = seen.kind === 'observed' ? endpointKey(seen.observation.endpoint) : null;
    return { host: host.name, key, at: deliveryAt(door, kind, now), worst: worstAt(decision) };
  });
}

/** A server that was named by its address: nothing is known but what an operator demands. */
function decideForAddress(target: CheckCase['target'], kind: SenderKind): Door['decision'] | undefined {
  if (target.kind !== 'address') return undefined;
  return decide({ kind: 'literal', address: target.address }, undefined, kind.level);
}

/** Every address: visited, left alone, or neither. */
function seenOf({ facts, observations, skipped }: HostCase): readonly Seen[] {
  const known = new Set([
    ...observations.map(({ endpoint }) => endpoint.address),
    ...skipped.map(({ address }) => address),
  ]);
  const others = facts?.kind === 'found' ? facts.addresses.filter((address) => !known.has(address)) : [];
  return [
    ...observations.map((observation) => ({ kind: 'observed', observation }) as const),
    ...skipped.map((one) => ({ kind: 'skipped', skipped: one }) as const),
    ...others.map((address) => ({ kind: 'unseen', address }) as const),
  ];
}

function hostAlone(host: HostCase, tried: readonly Tried[], kind: SenderKind): OneSender['hosts'][number] {
  const outcome = outcomeAlone(host, tried, kind);
  const doors = new Map(tried.flatMap((one) => (one.key === null ? [] : [[one.key, one] as const])));
  // Where senders keep away from the host, that holds for each of its doors.
  const endpoints = host.observations.map(({ endpoint }) => {
    const key = endpointKey(endpoint);
    const door = doors.get(key);
    return [key, door === undefined ? outcome : walk([[door]], kind)] as const;
  });
  return { outcome, endpoints: new Map(endpoints) };
}

function outcomeAlone({ name, facts }: HostCase, tried: readonly Tried[], kind: SenderKind): Simulated {
  if (facts?.kind === 'absent') return nowhere(kind.withoutAddress, facts.because);
  return tried.length === 0 ? nowhere('unknown', `nothing was seen of ${name}`) : walk([tried], kind);
}

/** Doors that may come first, then those that may come next, … */
function byPreference(
  hosts: readonly HostCase[],
  tried: readonly (readonly Tried[])[],
): readonly (readonly Tried[])[] {
  const groups = new Map<number, Tried[]>();
  for (const [index, { preference }] of hosts.entries()) {
    const group = groups.get(preference ?? 0) ?? [];
    group.push(...(tried[index] ?? []));
    groups.set(preference ?? 0, group);
  }
  return [...groups].toSorted(([a], [b]) => a - b).map(([, group]) => group);
}

function walk(groups: readonly (readonly Tried[])[], kind: SenderKind): Simulated {
  const passed: Tried[] = [];
  for (const group of groups) {
    const settled = settle(group);
    if (settled !== undefined) return after(passed, settled);
    passed.push(...group.filter(({ at }) => at.kind === 'passed'));
  }
  return nobodyTook(passed, kind);
}

type Settled = Tried & { readonly at: Extract<AtDoor, { kind: 'settled' }> };

/** @returns undefined where none of them takes the message. */
function settle(group: readonly Tried[]): Simulated | undefined {
  const [one] = group;
  return group.length === 1 && one !== undefined ? settleOne(one) : settleWorst(group);
}

/** The same of a single door, as most groups are. */
function settleOne({ host, at }: Tried): Simulated | undefined {
  switch (at.kind) {
    case 'settled':
      return { outcome: at.outcome, host: at.outcome === 'bounced' ? null : host, because: at.because };
    case 'unknown':
      return nowhere('unknown', at.because);
    case 'passed':
      return undefined;
  }
}

function settleWorst(group: readonly Tried[]): Simulated | undefined {
  const open = group.filter((one): one is Settled => one.at.kind === 'settled');
  const isSeen = group.some(({ at }) => at.kind !== 'unknown');
  // Where we could not go for reasons of our own, what was seen at the other doors stands for all of them.
  const dark = group.filter(({ at }) => at.kind === 'unknown' && !(at.ours && isSeen));
  const worst = open.toSorted((a, b) => rankOf(b.at.outcome) - rankOf(a.at.outcome))[0];
  const [first] = dark;
  const decides = dark.some((one) => worst === undefined || rankOf(one.worst) > rankOf(worst.at.outcome));
  if (first !== undefined && decides) return nowhere('unknown', first.at.because);
  if (worst === undefined) return undefined;
  const { outcome, because } = worst.at;
  const better = open.filter((one) => one.at.outcome !== outcome);
  return {
    outcome,
    host: outcome === 'bounced' ? null : worst.host,
    because: `${because}${besides(better)}`,
  };
}

const ranks: Readonly<Record<SimulatedOutcome, number>> = {
  authenticated: 0,
  encrypted: 1,
  cleartext: 2,
  deferred: 3,
  bounced: 4,
  unknown: 5,
};

function rankOf(outcome: SimulatedOutcome): number {
  return ranks[outcome];
}

function besides(better: readonly Settled[]): string {
  const [first] = better;
  if (first === undefined) return '';
  return ` (the worst of the doors that may come first; another: ${first.at.outcome}, as ${first.at.because})`;
}

function after(passed: readonly Tried[], settled: Simulated): Simulated {
  const [first] = passed;
  if (first === undefined) return settled;
  return { ...settled, because: `${settled.because}; passed over before: ${first.at.because}` };
}

/** RFC 8689 §4.2.1: what cannot be sent as the message demands is returned at once; all else waits for its time. */
function nobodyTook(passed: readonly Tried[], kind: SenderKind): Simulated {
  const atFault = passed.find(({ at }) => at.kind === 'passed' && !at.later);
  const isFinal = atFault !== undefined;
  const told = atFault ?? passed[0];
  const because = told?.at.because ?? 'there is no server';
  const names = new Set(passed.map(({ host }) => host).filter((host) => host !== told?.host));
  const others = othersToo([...names]);
  return nowhere(kind.requiresTakeover && isFinal ? 'bounced' : 'deferred', `${because}${others}`);
}

function nowhere(outcome: SimulatedOutcome, because: string): Simulated {
  return { outcome, because, host: null };
}
