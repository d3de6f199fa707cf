/** Everything that is to be known of a destination before it is decided how mail goes there. */
import { nameOf } from '../dns/name.ts';
import { types } from '../dns/record.ts';
import type { Domain } from '../names/domain.ts';
import { type HostFacts, lookUpHost } from './dane/hosts.ts';
import { type ListFacts, listFor } from './list/facts.ts';
import { all, type PolicyLookUp, recall, resolve } from './look-ups.ts';
import { type MemoryFacts, type MemorySettings, memoryFrom } from './memory/expect.ts';
import type { StsFacts } from './mta-sts/facts.ts';
import { type StsTerms, stsFor } from './mta-sts/gather.ts';
import { type MxFacts, readMxAnswer } from './mx.ts';
import { type Override, overrideFor } from './overrides/override.ts';
import { type Promotion, promotionState } from './report-only/promotion.ts';

/** The port of mail hosts, at which their TLSA records stand (RFC 7672 §2.2.3). */
const SMTP = 25;
/** More hosts than this are not tried in one attempt. */
export const MOST_HOSTS = 10;

/** A host that mail may go to, before anything is decided. */
interface CandidateHost {
  readonly preference: number;
  readonly facts: HostFacts;
}

/** How it came that just these are the hosts. */
export type Way =
  | MxFacts
  /** Somebody configured the host, with no MX records asked. */
  | { readonly kind: 'configured'; readonly host: Domain };

export interface DestinationFacts {
  /** The recipient's domain, or the configured host: whose policies count (RFC 8461 §3.4). */
  readonly domain: Domain;
  readonly way: Way;
  /** In order of preference; empty where `way` names none. */
  readonly hosts: readonly CandidateHost[];
  readonly sts: StsFacts;
  readonly override: Override | undefined;
  /** Absent: whoever asks goes by no policy list. */
  readonly list?: ListFacts;
  /** What sessions with its hosts have reached; absent: nobody remembers, or it does not count. */
  readonly memory?: MemoryFacts | undefined;
  /** A level that an operator has put in force by what was seen; absent: none. */
  readonly promotion?: Promotion | undefined;
}

/** What is asked for, and what counts of the memory. */
export interface DestinationTerms extends StsTerms {
  /** Absent: nothing. */
  readonly memory?: MemorySettings | undefined;
}

/** Finds out all about a domain, by its MX records. @param port of its hosts. */
export function* factsOfDomain(
  domain: Domain,
  terms: DestinationTerms,
  port = SMTP,
): PolicyLookUp<DestinationFacts> {
  const { first: way, ...known } = yield* together(wayByMx(domain), domain, terms);
  const candidates = hostsOf(domain, way);
  const found = yield* all(candidates.map(({ host }) => lookUpHost(host, port)));
  const hosts = found.map((facts, index) => ({ preference: candidates[index]?.preference ?? 0, facts }));
  return { domain, way, hosts, ...known };
}

/** Finds out all about a host that an operator configured; its name is one that the path could not choose. */
export function* factsOfHost(
  host: Domain,
  port: number,
  terms: DestinationTerms,
): PolicyLookUp<DestinationFacts> {
  const { first: facts, ...known } = yield* together(lookUpHost(host, port), host, terms);
  return {
    domain: host,
    way: { kind: 'configured', host },
    hosts: [{ preference: 0, facts }],
    ...known,
  };
}

/** What is kept of a domain, as it holds now. */
type Kept = Pick<DestinationFacts, 'override' | 'list' | 'memory' | 'promotion'>;

/** What the three look-ups that do not wait for each other come to. */
interface Gathered<First> {
  first?: { readonly value: First };
  sts?: StsFacts;
  kept?: Kept;
}

function* together<First>(
  first: PolicyLookUp<First>,
  domain: Domain,
  terms: DestinationTerms,
): PolicyLookUp<{ readonly first: First; readonly sts: StsFacts } & Kept> {
  const gathered: Gathered<First> = {};
  // Generators of the module, not made here: each that is made in a call costs V8 a hidden class.
  yield* all<undefined>([
    gatherFirst(gathered, first),
    gatherSts(gathered, domain, terms),
    gatherKept(gathered, domain, terms),
  ]);
  const { first: found, sts, kept } = gathered;
  if (found === undefined || sts === undefined || kept === undefined)
    throw new Error('the driver left a dialogue out');
  return { first: found.value, sts, ...kept };
}

function* gatherFirst<First>(into: Gathered<First>, first: PolicyLookUp<First>): PolicyLookUp<undefined> {
  into.first = { value: yield* first };
}

function* gatherSts<First>(into: Gathered<First>, domain: Domain, terms: StsTerms): PolicyLookUp<undefined> {
  into.sts = yield* stsFor(domain, terms);
}

function* gatherKept<First>(
  into: Gathered<First>,
  domain: Domain,
  { now, memory: settings }: DestinationTerms,
): PolicyLookUp<undefined> {
  const { overrides, list, memory = [], promotion } = yield* recall(domain);
  const inForce = promotion !== undefined && promotionState(promotion, now) === 'in-force';
  into.kept = {
    override: overrideFor(domain, overrides, now),
    ...(list === undefined ? {} : { list: listFor(domain, list, now) }),
    ...(settings === undefined ? {} : { memory: memoryFrom(memory, now, settings) }),
    ...(inForce ? { promotion } : {}),
  };
}

function* wayByMx(domain: Domain): PolicyLookUp<MxFacts> {
  return readMxAnswer(domain, yield* resolve({ name: nameOf(domain), type: types.MX }));
}

function hostsOf(domain: Domain, way: MxFacts): readonly { host: Domain; preference: number }[] {
  if (way.kind === 'hosts') return way.hosts.slice(0, MOST_HOSTS);
  return way.kind === 'implicit' ? [{ host: domain, preference: 0 }] : [];
}
