/** Where the TLSA records of each mail host are, what stands there, and what was seen of the host that they are for. */
import type { Answer } from '../../dns/answer.ts';
import { childOf, type Name, nameOf } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import type { Domain } from '../../names/domain.ts';
import { decideAll } from '../../policies/combine.ts';
import type { HostFacts } from '../../policies/dane/hosts.ts';
import type { DaneDemand } from '../../policies/decide.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import { type PolicyLookUp, resolve } from '../../policies/look-ups.ts';
import type { CheckCase, HostCase } from '../case.ts';
import type { FindingScope } from '../finding.ts';
import type { Observation } from '../observation.ts';
import { policyDoors } from '../seen.ts';

/** A mail host that has an address, and what is at the place of its TLSA records. */
export interface DanePlace {
  readonly host: HostCase;
  readonly facts: Extract<HostFacts, { kind: 'found' }>;
  readonly port: number;
  /** The owner of the records, without the dot at the end: `_25._tcp.mx.example.test`. */
  readonly owner: string;
  /** What is at the owner; null where nobody could be asked, or where the answer is missing. */
  readonly answer: Extract<Answer, { kind: 'found' | 'absent' }> | null;
  /** What senders with DANE ask of the host; undefined where it has no usable records. */
  readonly demand: DaneDemand | undefined;
  readonly doors: readonly Observation[];
}

/** The port of the target: 25 for a domain, whose TLSA records stand there (RFC 7672 §2.2.3). */
function danePort({ target }: Pick<CheckCase, 'target'>): number {
  return target.kind === 'domain' ? 25 : target.port;
}

/**
 * Looks at the place of one host.
 *
 * Also where the address is not signed, and senders do not ask: somebody may have put records there that help nobody.
 *
 * @returns undefined where the host has no address, or it is not known.
 */
export function* placeOf(theCase: CheckCase, host: HostCase): PolicyLookUp<DanePlace | undefined> {
  const { facts } = host;
  if (facts?.kind !== 'found' || theCase.facts === null) return undefined;
  const port = danePort(theCase);
  const base = facts.tlsa.kind === 'found' ? facts.tlsa.base : facts.host;
  const answer = facts.tlsa.kind === 'unknown' ? undefined : yield* tlsaAt(base, port);
  return {
    host,
    facts,
    port,
    owner: `_${port}._tcp.${base}`,
    answer: answer === undefined || answer.kind === 'unknown' ? null : answer,
    demand: demandOf(theCase.facts, facts.host),
    doors: policyDoors(theCase, host),
  };
}

/** The TLSA records of a name. @returns undefined where the name would be too long. */
export function* tlsaAt(base: Domain, port: number): PolicyLookUp<Answer | undefined> {
  const name = tlsaName(base, port);
  return name === undefined ? undefined : yield* resolve({ name, type: types.TLSA });
}

function tlsaName(base: Domain, port: number): Name | undefined {
  const protocol = childOf('_tcp', nameOf(base));
  return protocol && childOf(`_${port}`, protocol);
}

/** What DANE alone would have a sender demand: an operator's word and MTA-STS change nothing about the records. */
export function demandOf(facts: DestinationFacts, host: Domain): DaneDemand | undefined {
  const { sts } = facts;
  const { hosts } = decideAll(
    { ...facts, sts: { ...sts, kind: 'none', known: sts.known }, override: undefined },
    { route: undefined, defaultLevel: 'may' },
  );
  const verdict = hosts.find((one) => one.host === host);
  return verdict?.kind === 'use' ? (verdict.decision.dane ?? undefined) : undefined;
}

/** The scope of what concerns the records of a host. */
export function scopeOfPlace({ host }: Pick<DanePlace, 'host'>): FindingScope {
  return { host: host.name };
}
