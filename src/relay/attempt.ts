/** One attempt to hand one message to the hosts of one destination, and what became of each recipient. */
import type { EventReply } from '../events/delivery-event.ts';
import { NetworkError } from '../net/error.ts';
import { describeReply, severity } from '../protocols/smtp/reply.ts';
import type { TlsFailureReason } from '../tls/failure.ts';
import type { PeerError, PeerFault } from '../wire/dialogue.ts';
import { type HandedOver, handOver } from './hand-over.ts';
import { type NextHop, type NextHops, nextHops } from './next-hops.ts';
import type { Reached } from './pace.ts';
import { type Course, demandOf, type Parcel } from './parcel.ts';
import type { Pool } from './pool.ts';
import {
  type Asked,
  type AttemptResult,
  forAll,
  type RecipientResult,
  type Result,
  type Verdict,
} from './result.ts';
import type { Opening, Session, Unready, Way } from './session.ts';
import type { Outgoing } from './settings.ts';
import { type Demanded, eventReply, tlsOfObstacle, tlsUntried } from './tls-verdict.ts';

/** Never rejects for what the world or the peer does; it says so in the result. */
export async function attempt(
  parcel: Parcel,
  outgoing: Outgoing,
  pool: Pool,
  random: () => number,
): Promise<AttemptResult> {
  const { course } = parcel;
  const { route } = course;
  const hops = await nextHops({ ...course, message: demandOf(parcel, outgoing) }, outgoing, random);
  if (hops.kind === 'none') {
    const verdict: Verdict = { kind: 'refused', status: hops.status, because: hops.because };
    const result = { verdict, mx: null, reply: null, tls: tlsUntried(hops.demanded, hops.because) };
    return { recipients: forAll(parcel.recipients, result), reached: { kind: 'host' }, transcript: [] };
  }
  if (hops.kind === 'unknown') {
    pool.watch.barred(hops.destination);
    return hops.forbidden ? forbidden(parcel, hops) : notTried(parcel, hops);
  }
  const open = hops.hops.find(({ decision }) => decision.requires === 'none');
  if (route !== undefined && route.login !== null && open !== undefined) {
    const because = 'the route has a login, which is never said where TLS is not required';
    return notTried(parcel, { because, demanded: open.decision });
  }
  const transcript: string[] = [];
  const settled: RecipientResult[] = [];
  let { recipients } = parcel;
  const obstacles: Hindrance[] = [];
  const inOrder = pool.memories.reach.inOrder(hops.hops, route?.source ?? null);
  for (const [index, hop] of inOrder.entries()) {
    if (obstacles.some(({ host, kind }) => kind === 'unfit' && host === hop.host)) continue;
    const way = wayTo(hop, course, outgoing);
    const opening = openingOf(parcel, index < inOrder.length - 1);
    const handed = await tryHop({ ...parcel, recipients }, way, opening, pool, transcript);
    settled.push(...handed.settled);
    recipients = handed.rest;
    if (handed.obstacle.kind === 'none') break;
    if (handed.obstacle.kind === 'crowded')
      return { recipients: settled, reached: handed.obstacle, transcript: bounded(transcript) };
    obstacles.push({ host: hop.host, ...handed.obstacle });
  }
  const worst = worstOf(obstacles);
  if (recipients.length > 0 && worst !== undefined) {
    const { passedOver } = hops;
    settled.push(...forAll(recipients, passedOver === null ? worst : worse(unasked(passedOver), worst)));
  }
  const nobody = settled.length === recipients.length ? worst : undefined;
  return { recipients: settled, reached: reachedBy(settled, nobody), transcript: bounded(transcript) };
}

/** @param nobody why no host had an answer for anybody, where that is so. */
function reachedBy(settled: readonly RecipientResult[], nobody: Result | undefined): Reached {
  const [first] = settled;
  if (first?.verdict.kind === 'failed' && settled.every(isTurnedAway)) {
    return { kind: 'busy', because: first.verdict.because };
  }
  return nobody?.verdict.kind === 'failed'
    ? { kind: 'nobody', because: nobody.verdict.because }
    : { kind: 'host' };
}

function isTurnedAway({ verdict }: Result): boolean {
  return verdict.kind === 'failed' && verdict.turnedAway === true;
}

/** The result where nobody was asked, for a reason that may pass. */
export function notTried(
  { recipients }: Pick<Parcel, 'recipients'>,
  { because, demanded }: { readonly because: string; readonly demanded: Demanded },
): AttemptResult {
  const result = unasked({ because, demanded });
  return {
    recipients: forAll(recipients, result),
    reached: { kind: 'nobody', because },
    transcript: [],
  };
}

function unasked({ because, demanded }: { readonly because: string; readonly demanded: Demanded }): Result {
  const tls = tlsUntried(demanded, because);
  return { verdict: { kind: 'failed', because }, mx: null, reply: null, tls };
}

/** A policy forbids every host, so that none was asked: the required TLS cannot be had. */
function forbidden(
  { recipients }: Parcel,
  { because, demanded }: Extract<NextHops, { kind: 'unknown' }>,
): AttemptResult {
  const tls = tlsUntried(demanded, because);
  const verdict: Verdict = { kind: 'blocked', cause: 'validation-failure', because };
  const result: Result = { verdict, mx: null, reply: null, tls };
  return { recipients: forAll(recipients, result), reached: { kind: 'host' }, transcript: [] };
}

export function wayTo(hop: NextHop, { route }: Course, { hostname }: Outgoing): Way {
  return {
    hop,
    protocol: route?.to?.protocol ?? 'smtp',
    decision: hop.decision,
    login: route?.login ?? null,
    hello: route?.hello ?? hostname,
    source: route?.source ?? null,
  };
}

function openingOf({ destination, course }: Parcel, others: boolean): Omit<Opening, 'fallback'> {
  const { route } = course;
  return { destination, connections: route?.connections ?? null, isShared: isByMx(route), others };
}

/** Whether the hosts are those that MX records name; all mail of a route with a next hop has one destination. */
export function isByMx(route: Course['route']): boolean {
  return route === undefined || route.to === null;
}

/**
 * Of what several hosts said, what counts for the message.
 *
 * A host without the required TLS says more than one that was not reached: it is what has to be repaired. So does one
 * that answered with a no for now: where that was "not so many at once", it is there, and its message waits for its turn.
 * One that cannot take the message at all decides only where no other host might take it later.
 */
function worse(one: Result | undefined, other: Result): Result {
  return one !== undefined && weightOf(one) > weightOf(other) ? one : other;
}

function weightOf({ verdict, reply }: Result): number {
  return WEIGHT[verdict.kind] + (verdict.kind === 'failed' && reply !== null ? 1 : 0);
}

const WEIGHT: Record<Verdict['kind'], number> = { blocked: 4, failed: 2, refused: 1, delivered: 0 };

type Hindrance = Exclude<HandedOver['obstacle'], { kind: 'none' }> & { readonly host: string };

/** A host that lacks what the message needs has said so for all of its addresses, also for those that were not reached. */
function worstOf(obstacles: readonly Hindrance[]): Result | undefined {
  const unfit = new Set(obstacles.flatMap(({ host, kind }) => (kind === 'unfit' ? [host] : [])));
  return obstacles
    .filter(({ host, result }) => result.verdict.kind !== 'failed' || !unfit.has(host))
    .reduce<Result | undefined>((worst, { result }) => worse(worst, result), undefined);
}

/** What a peer can make us keep of one attempt. */
const MAX_TRANSCRIPT_LINES = 400;
const MAX_TRANSCRIPT_CHARACTERS = 65_536;

function bounded(transcript: readonly string[]): readonly string[] {
  let left = MAX_TRANSCRIPT_CHARACTERS;
  const kept = transcript.slice(0, MAX_TRANSCRIPT_LINES).filter((line) => (left -= line.length) >= 0);
  return kept.length === transcript.length ? kept : [...kept, '== (cut here)'];
}

/** One host, in as many sessions as it takes. */
async function tryHop(
  parcel: Parcel,
  way: Way,
  opening: Omit<Opening, 'fallback'>,
  pool: Pool,
  transcript: string[],
): Promise<Tried> {
  const settled: RecipientResult[] = [];
  let rest = parcel.recipients;
  for (let mayReuse = true; ; ) {
    const kept = mayReuse ? pool.reuse(way) : undefined;
    const found: Fresh =
      kept === undefined
        ? await openFresh(way, opening, pool, transcript)
        : { kind: 'session', session: kept };
    if (found.kind !== 'session') return { settled, rest, obstacle: found };
    const handed = await handOver({ ...parcel, recipients: rest }, found.session, pool, transcript);
    // A reused connection may have been closed by the other side just now, or be told so by its next answer: that says
    // nothing about the host.
    const isOver = handed.settled.length > 0 && handed.settled.every(isTurnedAway);
    if (isOver && kept !== undefined) {
      mayReuse = false;
      continue;
    }
    settled.push(...handed.settled);
    rest = handed.rest;
    if (handed.obstacle.kind === 'broken' && kept !== undefined) mayReuse = false;
    else if (handed.obstacle.kind !== 'none' || rest.length === 0) {
      return { settled, rest, obstacle: handed.obstacle };
    }
  }
}

/** As what was handed over; `crowded`: the rest was not tried, as all connections to the host are in use. */
type Tried = Omit<HandedOver, 'obstacle'> & { readonly obstacle: HandedOver['obstacle'] | Crowded };
type Crowded = Extract<Reached, { kind: 'crowded' }>;

type Fresh =
  | Crowded
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'broken'; readonly result: Result };

export async function openFresh(
  way: Way,
  opening: Omit<Opening, 'fallback'>,
  pool: Pool,
  transcript: string[],
): Promise<Fresh> {
  const { tls } = pool.memories;
  let fallback = mayFallBack(way) ? (tls.broken(way.hop) ?? null) : null;
  let failed: string | undefined;
  for (;;) {
    const opened = await pool.open(way, { ...opening, fallback });
    if (opened.kind === 'crowded') return opened;
    // One in clear that follows on a broken handshake is the same story.
    if (failed === undefined) pool.watch.opened(way, opened, fallback);
    if (opened.kind === 'session') {
      // Only where mail can really go in clear is it worth knowing that TLS cannot be had.
      if (failed !== undefined) tls.fellBack(way.hop, failed);
      return opened;
    }
    transcript.push(...opened.transcript);
    if (opened.kind === 'broken') return { kind: 'broken', result: spoiled(way, opened.error, transcript) };
    const obstacle = unready(way, opened.outcome);
    if (obstacle.kind === 'broken') return obstacle;
    // A session in clear has no TLS that could fail, so this happens once.
    fallback = failed = obstacle.because;
  }
}

/** Where nothing requires TLS; behind TLS that comes first there is nothing in clear to fall back to. */
function mayFallBack({ decision, protocol }: Way): boolean {
  return decision.requires === 'none' && decision.tryTls === 'yes' && protocol !== 'smtps';
}

type Unusable =
  | Extract<Fresh, { kind: 'broken' }>
  /** TLS could not be had and nothing requires it: a fresh connection in clear is allowed. */
  | { readonly kind: 'inClear'; readonly because: string };

function unready(way: Way, outcome: Unready): Unusable {
  const { hop, decision, login } = way;
  const failed = (because: string, reply: EventReply | null): Unusable => {
    return { kind: 'broken', result: failedAt(way, because, reply) };
  };
  switch (outcome.kind) {
    case 'refused': {
      const because = `${hop.host} refused the session at ${outcome.at}: ${describeReply(outcome.reply)}`;
      const result = failedAt(way, because, eventReply(outcome.reply));
      if (severity(outcome.reply) !== 'transient') return { kind: 'broken', result };
      return {
        kind: 'broken',
        result: { ...result, verdict: { kind: 'failed', because, turnedAway: true } },
      };
    }
    case 'loginRefused': {
      const because = `${hop.host} refused our login as ${login?.user}: ${describeReply(outcome.reply)}`;
      return failed(because, eventReply(outcome.reply));
    }
    case 'loginNotOffered':
      return failed(`${hop.host} ${outcome.because}, and we have to log in as ${login?.user}`, null);
    default: {
      const { tls, cause, reply } = tlsOfObstacle(decision, outcome, hop.host);
      const { because } = tls;
      if (decision.requires !== 'none') {
        return {
          kind: 'broken',
          result: { verdict: blockedAt(way, cause, because), mx: mxOf(way), reply, tls },
        };
      }
      return mayFallBack(way) ? { kind: 'inClear', because } : failed(because, reply);
    }
  }
}

/** Faults that spoil the way to TLS itself: where TLS is required they block, they are not just a bad line. */
const ATTACKS: ReadonlySet<PeerFault> = new Set<PeerFault>(['injected', 'unexpected-reply', 'unsolicited']);

/**
 * The connection is of no use.
 *
 * Nothing falls back to clear after a broken protocol: whoever tampers must not be handed the mail in clear.
 */
function spoiled(way: Way, error: PeerError | NetworkError, transcript: string[]): Result {
  transcript.push(`== ${error.message}`);
  const result = failedAt(way, error.message, null);
  if (way.decision.requires === 'none' || error instanceof NetworkError || !ATTACKS.has(error.code)) {
    return result;
  }
  return { ...result, verdict: blockedAt(way, 'validation-failure', error.message) };
}

function blockedAt({ decision }: Way, cause: TlsFailureReason, because: string): Verdict {
  return { kind: 'blocked', cause, because, ...(decision.promoted === true ? { promoted: true } : {}) };
}

function failedAt(way: Way, because: string, reply: EventReply | null): Result {
  const tls = tlsUntried(way.decision, because);
  return { verdict: { kind: 'failed', because }, mx: mxOf(way), reply, tls };
}

function mxOf({ hop }: Way): Asked {
  return { host: hop.host, address: hop.address, port: hop.port };
}
