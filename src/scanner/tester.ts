/** Tests one target after the other: asks what is published, visits every door, and writes down all that it learns. */
import type { Skipped, Target } from '../findings/case.ts';
import { connectionBudget, type Depth } from '../findings/endpoint.ts';
import { allFindings } from '../findings/judge.ts';
import { caseOf, learn } from '../findings/learn.ts';
import type { Observation } from '../findings/observation.ts';
import type { Recording } from '../findings/recording.ts';
import { drive, type PolicyHands } from '../lookup/drive.ts';
import { type IpAddress, isLoopback, oneSpelling } from '../names/address.ts';
import { parseDomain } from '../names/domain.ts';
import { isPublicAddress } from '../names/public-address.ts';
import { consentAt } from './consent.ts';
import { type Door, doorsOf } from './doors.ts';
import { keptLookUps, leavingAlone } from './kept-look-ups.ts';
import { answersIn } from './merged.ts';
import type { Observer } from './observe.ts';
import { type OptOut, optedOutBy } from './opt-out.ts';
import { betweenVisits, isSentAway, type Pace } from './pace.ts';
import { type SharedObservations, shareObservations } from './shared.ts';

export interface TesterParts extends PolicyHands {
  readonly observer: Pick<Observer, 'observe'>;
  readonly pace: Pace;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface TestTerms {
  readonly depth: Depth;
  /** Whether intrusive questions are wanted; they are asked where the owner of the host consents. */
  readonly intrusive: boolean;
  /** Our name in EHLO, to which consent is given. */
  readonly scanner: string;
  /** Port of MX hosts: 25, or that of a lab. */
  readonly smtpPort: number;
  /** Whether addresses are visited that mean something only inside some network. */
  readonly allowPrivate: boolean;
  /** Whether everything is asked of resolvers on this host that somebody named: addresses that are not public are a lab then. */
  readonly lab: boolean;
  readonly optOut: OptOut;
  /** Whether every suite of every door is listed, beside the budget. */
  readonly everySuite?: boolean;
}

export interface Tester {
  /** Never rejects for what the world does: that is in the recording. */
  readonly test: (target: Target) => Promise<Recording>;
}

/** Doors of one target beyond this number are left alone; no domain has so many addresses of mail hosts. */
const MOST_DOORS = 60;

export function openTester(parts: TesterParts, terms: TestTerms): Tester {
  const shared = shareObservations(parts.now);
  return {
    async test(target) {
      const startedAt = parts.now();
      const kept = keptLookUps(leavingAlone(parts, terms.optOut));
      const facts = await drive(
        learn(target, { now: startedAt, jitter: parts.random(), errand: 'delivery' }),
        kept.hands,
      );
      const { depth } = terms;
      const nothingSeen = { target, depth, intrusive: false, observations: [], skipped: [] };
      const all = firstOfEach(doorsOf(caseOf(nothingSeen, facts, startedAt), terms.smtpPort));
      const doors = all.slice(0, MOST_DOORS);
      const consents = await consentsFor(doors, kept.hands, terms, startedAt);
      const { observations, skipped } = await visitAll(target, doors, consents, { ...parts, shared }, terms);
      const seen = {
        target,
        depth,
        intrusive: terms.intrusive && consents.missing.length === 0,
        observations,
        skipped: [...skipped, ...tooMany(all.slice(MOST_DOORS))],
      };
      // All that the judgement asks is asked now, so that it can be judged without the network.
      await drive(allFindings(caseOf(seen, facts, startedAt)), kept.hands);
      return {
        ...seen,
        startedAt,
        durationMs: parts.now() - startedAt,
        withoutConsent: consents.missing,
        ...kept.all(),
      };
    },
  };
}

/** Where intrusive questions may be asked. */
interface Consents {
  readonly mayAsk: (door: Door) => boolean;
  readonly missing: Recording['withoutConsent'];
}

async function consentsFor(
  doors: readonly Door[],
  hands: PolicyHands,
  terms: TestTerms,
  now: number,
): Promise<Consents> {
  if (!terms.intrusive) return { mayAsk: () => false, missing: [] };
  const places = new Map(
    doors
      .filter(({ endpoint }) => !isOurs(endpoint.address, terms))
      .map((door) => [placeOf(door), door] as const),
  );
  const refused = new Map<string, Consents['missing'][number]>();
  await Promise.all(
    [...places].map(async ([place, { host, endpoint }]) => {
      const name = parseDomain(host);
      const consent =
        name.kind === 'ok'
          ? await drive(consentAt(name.value, endpoint.address, terms.scanner, now), hands)
          : { kind: 'missing' as const, because: `${host} is an address, and nobody can consent for it` };
      if (consent.kind === 'missing') refused.set(place, { host, because: consent.because });
    }),
  );
  const told = new Map([...refused.values()].map((one) => [`${one.host} ${one.because}`, one]));
  return { mayAsk: (door) => !refused.has(placeOf(door)), missing: [...told.values()] };
}

function placeOf({ host, endpoint: { address } }: Door): string {
  return `${host} ${address}`;
}

/** Addresses of this host, and those of a lab: nobody else is bothered there. */
export function isOurs(address: IpAddress, { lab }: Pick<TestTerms, 'lab'>): boolean {
  return isLoopback(address) || (lab && !isPublicAddress(address));
}

type Visited = Pick<Recording, 'observations' | 'skipped'>;
type SkippedDoor = Recording['skipped'][number];

async function visitAll(
  target: Target,
  doors: readonly Door[],
  consents: Consents,
  parts: TesterParts & { readonly shared: SharedObservations },
  terms: TestTerms,
): Promise<Visited> {
  const observations: Observation[] = [];
  const skipped: SkippedDoor[] = [];
  const known = new Set<string>();
  await Promise.all(
    doors.map(async (door) => {
      const refusal = whyNot(target, door, terms);
      if (refusal !== undefined) {
        skipped.push(skippedDoor(door, { ...refusal, retryAt: null }));
        return;
      }
      const { address, port } = door.endpoint;
      // A second name at the same door costs one connection more, not the whole plan again.
      const place = `${oneSpelling(address)} ${port}`;
      const depth = known.has(place) ? 'quick' : terms.depth;
      known.add(place);
      const how = { depth, intrusive: consents.mayAsk(door) };
      const before = parts.shared.seen(door.endpoint, how);
      if (before !== undefined) {
        observations.push(before);
        return;
      }
      const release = await parts.pace.turn(address);
      try {
        // Another target may have been there while this one waited.
        const meanwhile = parts.shared.seen(door.endpoint, how);
        if (meanwhile !== undefined) {
          observations.push(meanwhile);
          return;
        }
        const rest = parts.pace.restOf(address);
        if (rest > 0) {
          const because = `${address} has sent us away, and is left alone`;
          skipped.push(skippedDoor(door, { kind: 'throttled', because, retryAt: parts.now() + rest }));
          return;
        }
        const observation = await parts.observer.observe(door.endpoint, {
          ...how,
          everySuite: terms.everySuite === true,
          budget: connectionBudget[depth],
          between: (last) => betweenVisits(parts.pace, door.endpoint, last),
        });
        observations.push(observation);
        if (!wasSentAway(observation)) parts.shared.keep(observation, how);
        // What came of the last connection nobody has told yet: between connections there are none behind it.
        if (parts.pace.restOf(address) === 0 && wasSentAway(observation)) parts.pace.sentAway(address);
      } finally {
        release();
      }
    }),
  );
  return { observations, skipped };
}

/** Whether the server wanted us to go, at the first connection or a further one. */
function wasSentAway({ base, probes }: Observation): boolean {
  const further = answersIn(probes).flatMap((probe) => (probe.kind === 'not-tested' ? [probe.end] : []));
  return [base.end, ...further].some(isSentAway);
}

function whyNot(
  target: Target,
  { host, endpoint: { address } }: Door,
  terms: TestTerms,
): Pick<Skipped, 'kind' | 'because'> | undefined {
  const line = optedOut(target, host, address, terms.optOut);
  if (line !== undefined) return { kind: 'opted-out', because: optedOutBy(line) };
  if (terms.allowPrivate || terms.lab || isPublicAddress(address)) return undefined;
  if (isLoopback(address) && namesThisHost(target)) return undefined;
  const because = `${address} is no address of the public Internet, where a stranger's zone must not lead us (--allow-private visits it)`;
  return { kind: 'private', because };
}

/** Whether it is this host that was asked about; a stranger's MX record that leads here is not taken for it. */
function namesThisHost(target: Target): boolean {
  if (target.kind === 'domain') return false;
  return target.kind === 'address' || target.host === 'localhost' || target.host.endsWith('.localhost');
}

function optedOut(target: Target, host: string, address: IpAddress, list: OptOut): string | undefined {
  const names = [...(target.kind === 'domain' ? [target.domain] : []), host]
    .map(parseDomain)
    .flatMap((parsed) => (parsed.kind === 'ok' ? [parsed.value] : []));
  return names.map(list.ofName).find((line) => line !== undefined) ?? list.ofAddress(address);
}

/** The first door of each host, then the second of each, …: many addresses of one host must not hide the others. */
function firstOfEach(doors: readonly Door[]): readonly Door[] {
  const counts = new Map<string, number>();
  const ranked = doors.map((door) => {
    const rank = counts.get(door.host) ?? 0;
    counts.set(door.host, rank + 1);
    return { door, rank };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ door }) => door);
}

/** Those beyond the limit, told once for each host: a zone may have thousands of addresses. */
function tooMany(doors: readonly Door[]): readonly SkippedDoor[] {
  const because = `only ${MOST_DOORS} doors of one target are visited, and this one and further ones of its host are not`;
  const first = new Map(doors.toReversed().map((door) => [door.host, door]));
  return [...first.values()].map((door) => skippedDoor(door, { kind: 'too-many', because, retryAt: null }));
}

function skippedDoor(
  { host, endpoint: { address, port } }: Door,
  why: Pick<Skipped, 'kind' | 'because' | 'retryAt'>,
): SkippedDoor {
  return { host, address, port, ...why };
}
