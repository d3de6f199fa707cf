/** Tests one target after the other: asks what is published, visits every door, and writes down all that it learns. */
import type { Target } from '../findings/case.ts';
import type { Depth } from '../findings/endpoint.ts';
import { askingFindings } from '../findings/judge.ts';
import { caseOf, learn } from '../findings/learn.ts';
import type { Recording } from '../findings/recording.ts';
import { drive, type PolicyHands } from '../lookup/drive.ts';
import { parseDomain } from '../names/domain.ts';
import { consentAt } from './consent.ts';
import { type Door, doorsOf } from './doors.ts';
import { keptLookUps, leavingAlone } from './kept-look-ups.ts';
import { networkOf, operatorOf, rangeOf, serverOf } from './operator.ts';
import type { OptOut } from './opt-out.ts';
import { type Consents, isOurs, namesThisHost, type Plan, planned, someOf } from './plans.ts';
import { type DoorParts, visitDoors } from './visit-doors.ts';
import type { Visits } from './visits.ts';

export interface TesterParts extends PolicyHands, DoorParts {
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
  /** Whether every suite is listed, beside the budget, of one address. */
  readonly everySuite?: boolean;
}

export interface Tester {
  /** Never rejects for what the world does: that is in the recording. */
  readonly test: (target: Target) => Promise<Recording>;
  /** The same for one target of many, which does not wait where many others do, and not for the end of all. */
  readonly attempt: (target: Target, join: Join) => Promise<Attempt>;
}

/**
 * Lets a target wait at the doors where others wait, too.
 *
 * @param lines what those who wait for the same thing have in common. @returns those that are too long; none where it may wait.
 */
type Join = (lines: readonly string[]) => readonly string[] | Promise<readonly string[]>;

type Attempt =
  | { readonly kind: 'tested'; readonly recording: Recording }
  /** Too many wait for the same: nothing was visited, and all is to be done again. */
  | { readonly kind: 'crowded'; readonly lines: readonly string[] }
  | { readonly kind: 'stopped' };

export function openTester(parts: TesterParts, terms: TestTerms): Tester {
  const attempt = (target: Target, join: Join): Promise<Attempt> => testOne(target, join, parts, terms);
  return {
    async test(target) {
      const tested = await attempt(target, () => []);
      if (tested.kind === 'tested') return tested.recording;
      throw new Error(`the test of a target was ${tested.kind}, which nobody asked for`);
    },
    attempt,
  };
}

async function testOne(target: Target, join: Join, parts: TesterParts, terms: TestTerms): Promise<Attempt> {
  const startedAt = parts.now();
  const kept = keptLookUps(leavingAlone(parts, terms.optOut));
  const facts = await drive(
    learn(target, { now: startedAt, jitter: parts.random(), errand: 'delivery' }),
    kept.hands,
  );
  const { depth } = terms;
  const nothingSeen = { target, depth, intrusive: false, observations: [], skipped: [] };
  const { doors, tooMany } = someOf(doorsOf(caseOf(nothingSeen, facts, startedAt), terms.smtpPort));
  const consents = await consentsFor(target, doors, kept.hands, terms, startedAt);
  const { plans, refused } = planned(target, doors, { ...consents, aliasesOf: kept.aliasesOf }, terms);
  const lines = await join(linesOf(plans, parts.visits, terms));
  if (lines.length > 0) return { kind: 'crowded', lines };
  const visited = await visitDoors(plans, parts, terms);
  if (visited === 'stopped') return { kind: 'stopped' };
  const seen = {
    target,
    depth,
    intrusive: terms.intrusive && consents.missing.length === 0,
    observations: visited.observations,
    skipped: [...refused, ...visited.skipped, ...tooMany],
  };
  // All that the judgement asks is asked now, so that it can be judged without the network.
  await drive(askingFindings(caseOf(seen, facts, startedAt)), kept.hands);
  const recording: Recording = {
    ...seen,
    startedAt,
    durationMs: parts.now() - startedAt,
    withoutConsent: consents.missing,
    ...kept.all(),
  };
  return { kind: 'tested', recording };
}

/** What a target may have to wait for: the networks, ranges and operators of doors that nobody has looked at yet. */
function linesOf(plans: readonly Plan[], visits: Visits, terms: Pick<TestTerms, 'lab'>): readonly string[] {
  const lines = plans
    .filter(({ door, how }) => !visits.isKnown(door.endpoint, how))
    .flatMap(({ door: { host, endpoint } }) => {
      const server = serverOf(endpoint.address);
      return isOurs(server, terms)
        ? [server]
        : [networkOf(server), rangeOf(server), operatorOf(host) ?? server];
    });
  return [...new Set(lines)];
}

interface Given extends Consents {
  readonly missing: Recording['withoutConsent'];
}

/** In a lab, and of this host where it was asked about, nobody else is bothered. */
async function consentsFor(
  target: Target,
  doors: readonly Door[],
  hands: PolicyHands,
  terms: TestTerms,
  now: number,
): Promise<Given> {
  if (!terms.intrusive) return { mayAsk: () => false, missing: [] };
  const isAsked = namesThisHost(target);
  const places = new Map(
    doors
      .filter(({ endpoint: { address } }) => !((terms.lab || isAsked) && isOurs(address, terms)))
      .map((door) => [placeOf(door), door] as const),
  );
  const refused = new Map<string, Given['missing'][number]>();
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
