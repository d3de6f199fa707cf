/** Works on one claim: attempts it, and settles what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { isExpired, isLate } from '../queue/schedule.ts';
import type { Claim, QueueStore, SettleRequest, Unused } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import { attempt, notTried } from './attempt.ts';
import { notices } from './bounce.ts';
import type { Contents } from './content.ts';
import { destinationOf } from './intake.ts';
import { endingFor, holdingFor, sortedFrom } from './on-blocked.ts';
import { type Admission, noOwnLimits, type Pace, type Reached } from './pace.ts';
import { byCourse, type Parcel } from './parcel.ts';
import type { Pool } from './pool.ts';
import type { PuttingOff } from './putting-off.ts';
import type { RecentIds } from './recent-ids.ts';
import type { AttemptResult, RecipientResult } from './result.ts';
import type { Outgoing, QueueSettings, World } from './settings.ts';
import { type Holding, type News, settleRecipient } from './settle.ts';
import { type Demanded, tlsUntried } from './tls-verdict.ts';

export interface DeliveryParts {
  readonly store: QueueStore;
  readonly contents: Contents;
  readonly world: World;
  readonly onEvents: (events: readonly DeliveryEvent[]) => void;
  readonly onError: (what: string, error: unknown) => void;
}

/** How mail leaves, until the next reload. */
interface Rules {
  readonly outgoing: Outgoing;
  readonly settings: QueueSettings;
}

/** What the attempts share. */
export interface Desk {
  readonly parts: DeliveryParts;
  readonly pace: Pace;
  readonly pool: Pool;
  readonly puttingOff: PuttingOff;
  readonly rules: () => Rules;
  readonly wake: () => void;
  /** Whether connections are being closed under the attempts. */
  readonly abandoned: () => boolean;
  /** Messages whose sender was warned just now, of which claims that are out do not know. */
  readonly warned: RecentIds;
  /** The same for those whose sender was told that they are held. */
  readonly toldOfHold: RecentIds;
  /** Mail is held at the destination for want of TLS. */
  readonly onHeld: (destination: string) => void;
}

type Group = Pick<Parcel, 'course' | 'recipients'>;

/** A claim, and those of its recipients whose result is recorded. */
interface Work {
  readonly claim: Claim;
  readonly recorded: Set<string>;
}

/** Attempts what was claimed and records what became of it. */
export async function workOn(claim: Claim, desk: Desk): Promise<void> {
  const work: Work = { claim, recorded: new Set() };
  try {
    await attemptAll(work, desk);
  } catch (error) {
    // Nothing more can be said to a store that is closed or broken.
    if (error instanceof StoreError && error.code !== 'refused') throw error;
    desk.parts.onError(`working on message ${claim.message.id}`, error);
    await putOff(work, errorOfOurs(error), desk);
  }
}

/** A message that is turned away as often is put off, even where others are served meanwhile: it may be about this one. */
const MOST_TURNS = 5;

async function attemptAll(work: Work, desk: Desk): Promise<void> {
  const { claim } = work;
  const { outgoing } = desk.rules();
  let groups: readonly Group[] = [...byCourse(sortedFrom(claim, desk.parts.world), outgoing)];
  const moved = groups.flatMap((group) => movedTo(group, claim.destination, outgoing));
  if (moved.length > 0) {
    await giveBack(desk.parts, [{ fence: claim.fence, moved }]);
    return;
  }
  for (let turn = 1; groups.length > 0; turn++)
    groups = await takeTurn(work, groups, turn < MOST_TURNS, desk);
}

/** @returns those that were turned away by a host which is busy, and may be tried again at once. */
async function takeTurn(
  work: Work,
  planned: readonly Group[],
  mayRepeat: boolean,
  desk: Desk,
): Promise<readonly Group[]> {
  const { pace } = desk;
  const { claim } = work;
  const before = desk.rules();
  const own = planned[0]?.course.route ?? noOwnLimits;
  const admission = await pace.enter(claim.destination, claim.fence, own);
  // A claim that is not settled is due again when the queue is opened next.
  if (admission.kind === 'closing' || admission.kind === 'recalled') return [];
  if (admission.kind === 'suspended') return await putOffInTurn(work, planned, admission, desk);
  if (admission.kind === 'postponed') {
    await putBack(work, planned, admission, desk);
    return [];
  }
  // What began under one configuration ends under it.
  const rules = desk.rules();
  const groups = rules === before ? planned : regrouped(claim, planned, rules.outgoing, desk.parts.world);
  const busy: { readonly group: Group; readonly result: AttemptResult }[] = [];
  let reached: Reached = { kind: 'host' };
  let again = false;
  try {
    for (const group of groups) {
      const result = await attemptAndRecord(work, group, rules, desk);
      ({ reached } = result);
      if (reached.kind === 'busy') busy.push({ group, result });
      else await settle(work, rest(work, result), rules, desk);
      if (desk.abandoned()) return [];
      if (reached.kind === 'crowded') break;
    }
  } finally {
    again = pace.leave(claim.destination, reached) && mayRepeat;
  }
  if (again) return busy.map(({ group }) => group);
  const postponed = reached.kind === 'crowded' ? pace.postponed(claim.destination) : undefined;
  for (const { result } of busy) await settle(work, rest(work, result), rules, desk);
  // Last, as the claim is not ours any more then.
  if (postponed !== undefined) await putBack(work, groups, postponed, desk);
  return [];
}

/** @returns those that may be tried after all, as the rest was over when their turn came. */
async function putOffInTurn(
  work: Work,
  planned: readonly Group[],
  { because, until }: Extract<Admission, { kind: 'suspended' }>,
  desk: Desk,
): Promise<readonly Group[]> {
  const { claim } = work;
  const turn = await desk.puttingOff.enter(claim.fence, claim.recipients.length);
  if (turn.kind !== 'go') return [];
  try {
    if (!desk.pace.rests(claim.destination)) return planned;
    const rules = desk.rules();
    const why = `not tried, as nobody was reached lately (until ${new Date(until).toISOString()}): ${because}`;
    for (const group of regrouped(claim, planned, rules.outgoing, desk.parts.world))
      await settle(work, notTried(group, { because: why, demanded: UNDECIDED }), rules, desk);
    return [];
  } finally {
    turn.leave();
  }
}

/**
 * What is left of the claim was not attempted, and waits for a place at its host. Where its sender is due to hear of that, or
 * it is too old, it counts as an attempt: else it would wait for as long as others have the places, and nobody heard of it.
 */
async function putBack(
  work: Work,
  planned: readonly Group[],
  { until, because }: Extract<Admission, { kind: 'postponed' }>,
  desk: Desk,
): Promise<void> {
  const { parts } = desk;
  const { claim } = work;
  const rules = desk.rules();
  if (!isDueToHear(claim, rules, desk)) {
    await giveBack(parts, [{ fence: claim.fence, moved: [], postponed: { until, because } }]);
    return;
  }
  for (const group of regrouped(claim, planned, rules.outgoing, parts.world))
    await settle(work, rest(work, notTried(group, { because, demanded: UNDECIDED })), rules, desk);
}

function isDueToHear({ message }: Claim, { settings: { schedule } }: Rules, desk: Desk): boolean {
  const { id, receivedAt, warnedAt } = message;
  const now = desk.parts.world.now();
  const isWarned = warnedAt !== null || desk.warned.has(id);
  return isExpired(now, receivedAt, schedule) || (!isWarned && isLate(now, receivedAt, schedule));
}

function regrouped(
  claim: Claim,
  groups: readonly Group[],
  outgoing: Outgoing,
  world: World,
): readonly Group[] {
  const recipients = groups.flatMap((group) => group.recipients);
  return [...byCourse({ ...sortedFrom(claim, world), recipients }, outgoing)];
}

/** Mail queued before a change of routes goes under the key that its domain has now, so that a pause concerns it. */
function movedTo({ course, recipients }: Group, from: string, { routes }: Outgoing): Unused['moved'] {
  const destination = destinationOf(course.domain, routes);
  return destination === from ? [] : recipients.map(({ address }) => ({ address, destination }));
}

/** Each transaction is recorded before the next begins: what is not recorded is delivered twice after a crash. */
async function attemptAndRecord(work: Work, group: Group, rules: Rules, desk: Desk): Promise<AttemptResult> {
  const { claim } = work;
  const record: Parcel['onDelivered'] = (delivered) =>
    settle(work, { recipients: delivered, reached: { kind: 'host' }, transcript: [] }, rules, desk);
  const first = await attemptGroup(claim, group, rules, desk, record);
  const ending = endingFor(claim, group, first, rules.settings, desk.parts.world);
  if (ending.length === 0 || desk.abandoned()) return first;
  const { outgoing } = rules;
  const fresh = { ...rules, outgoing: { ...outgoing, lookUp: outgoing.lookUpAnew } };
  const last = await attemptGroup(claim, { ...group, recipients: ending }, fresh, desk, record);
  const others = first.recipients.filter(({ address }) => !ending.some((one) => one.address === address));
  const transcript = [
    ...first.transcript,
    '== everything was asked anew before it is given up',
    ...last.transcript,
  ];
  return { recipients: [...others, ...last.recipients], reached: last.reached, transcript };
}

/** What is still to be recorded of it. */
function rest({ recorded }: Work, result: AttemptResult): AttemptResult {
  return { ...result, recipients: result.recipients.filter(({ address }) => !recorded.has(address)) };
}

/** An error of ours or of the medium (content that cannot be read) is one more reason to try again later. */
async function attemptGroup(
  { destination, message }: Claim,
  group: Group,
  { outgoing }: Rules,
  { pool, parts: { contents, world, onError } }: Desk,
  onDelivered: Parcel['onDelivered'],
): Promise<AttemptResult> {
  const { id, sender, wishes, terms, properties } = message;
  const body: Parcel['body'] = () => contents.source(id);
  const parcel: Parcel = { ...group, destination, sender, wishes, terms, properties, body, onDelivered };
  try {
    return await attempt(parcel, outgoing, pool, world.random);
  } catch (error) {
    onError(`attempting message ${id}`, error);
    const because = errorOfOurs(error);
    return { ...notTried(group, { because, demanded: UNDECIDED }), reached: { kind: 'host' } };
  }
}

function errorOfOurs(error: unknown): string {
  return `an error of this relay: ${error instanceof Error ? error.message : String(error)}`;
}

/**
 * Ends the attempt for everybody whose result is not recorded: it failed.
 *
 * Giving up for good, or a warning, would have to be told to the sender, which may be the very thing that fails.
 */
async function putOff({ claim, recorded }: Work, because: string, desk: Desk): Promise<void> {
  const { parts, rules } = desk;
  if (desk.abandoned()) return;
  const schedule = { ...rules().settings.schedule, giveUpAfterMs: Infinity, warnAfterMs: Infinity };
  const world = momentOf(parts.world);
  const holding: Holding = { onBlocked: 'hold', noticeAfterMs: Infinity };
  const tls = tlsUntried(UNDECIDED, because);
  const settlements = claim.recipients.flatMap((recipient) => {
    const { address } = recipient;
    if (recorded.has(address)) return [];
    const verdict = { kind: 'failed', because } as const;
    const result: RecipientResult = { address, verdict, mx: null, reply: null, tls };
    return settleRecipient({ claim, recipient, result, transcript: [], schedule, holding, world }).settlement;
  });
  if (settlements.length === 0) return;
  await settleForSure(parts, { settlements, messages: [], warned: [] });
  parts.onEvents(settlements.flatMap(({ events }) => events));
}

/** What stands in an event where it is the deciding that failed. */
const UNDECIDED: Demanded = { requires: 'none', by: 'default' };

async function settle(work: Work, attempted: AttemptResult, rules: Rules, desk: Desk): Promise<void> {
  const { parts, wake } = desk;
  const { claim, recorded } = work;
  const { message } = claim;
  const { schedule } = rules.settings;
  const world = momentOf(parts.world);
  // What we broke off is not the host's failure: it stays claimed, and is due again when the queue is opened next.
  const results = desk.abandoned() ? attempted.recipients.filter(isDecided) : attempted.recipients;
  if (results.length === 0) return;
  const settled = results.map((one, index) => {
    const recipient = claim.recipients.find(({ address }) => address === one.address);
    if (recipient === undefined) throw new Error(`a result for ${one.address}, who was not asked for`);
    // One conversation, kept once: a peer must not be able to multiply what it says by the number of recipients.
    const transcript = index === 0 ? attempted.transcript : [];
    const holding = holdingFor(claim, recipient, one, rules, world);
    return settleRecipient({ claim, recipient, result: one, transcript, schedule, holding, world });
  });
  const settlements = settled.map(({ settlement }) => settlement);
  const news = settled.flatMap((one) => one.news ?? []);
  const now = world.now();
  const { ofHold, ...told } = news.length === 0 ? nothingTold : await tell(message, news, now, rules, desk);
  const kept = settlements.map((one) =>
    ofHold.has(one.address) ? { ...one, toldCause: one.blockedBecause } : one,
  );
  const settling = settleForSure(parts, { settlements: kept, ...told });
  // A claim made now finds this destination's place free: it is answered in the same turn as the settlement.
  wake();
  await settling;
  for (const { address } of settlements) recorded.add(address);
  parts.onEvents(settlements.flatMap(({ events }) => events));
  if (settlements.some(({ delivery }) => delivery.kind === 'held')) desk.onHeld(claim.destination);
}

/**
 * One time and one draw for all recipients of a settlement: those that fail together come due together, and go out
 * together, in one transaction and not in as many as there are recipients.
 */
function momentOf(world: World): World {
  const now = world.now();
  const random = world.random();
  return { now: () => now, random: () => random };
}

type Told = Pick<SettleRequest, 'messages' | 'warned' | 'heldNotices'> & {
  /** Of which recipients the sender was told that their mail is held. */
  readonly ofHold: ReadonlySet<string>;
};

const nothingTold: Told = { messages: [], warned: [], ofHold: new Set() };

/** The notifications that are due; a delay is told once for each message, and so is that it is held. */
async function tell(
  message: Claim['message'],
  news: readonly News[],
  now: number,
  { outgoing, settings }: Rules,
  { warned, toldOfHold, parts: { contents, onError } }: Desk,
): Promise<Told> {
  const { id, receivedAt, warnedAt, heldNoticeAt } = message;
  const mayWarn = warnedAt === null && !warned.has(id);
  const mayTell = heldNoticeAt === null && !toldOfHold.has(id);
  const due = news.filter(({ kind, isHold }) => kind !== 'delayed' || (isHold === true ? mayTell : mayWarn));
  const warns = due.some(({ kind, isHold }) => kind === 'delayed' && isHold !== true);
  const ofHold = new Set(
    due.flatMap(({ isHold, recipient }) => (isHold === true ? [recipient.address] : [])),
  );
  const tellsOfHold = ofHold.size > 0;
  if (warns) warned.add(id);
  if (tellsOfHold) toldOfHold.add(id);
  const retryUntil = receivedAt + settings.schedule.giveUpAfterMs;
  const messages = await notices(message, due, { outgoing, contents, now, retryUntil, onError });
  const told = [{ id, at: now }];
  return { messages, warned: warns ? told : [], heldNotices: tellsOfHold ? told : [], ofHold };
}

function isDecided({ verdict }: RecipientResult): boolean {
  return verdict.kind === 'delivered' || verdict.kind === 'refused';
}

function settleForSure(parts: DeliveryParts, request: SettleRequest): Promise<unknown> {
  return forSure(parts, 'recording deliveries', () => parts.store.settle(request));
}

/** Gives back claims of which nothing was attempted. */
export function giveBack(parts: DeliveryParts, claims: readonly Unused[]): Promise<void> {
  return forSure(parts, 'giving back what was claimed', () => parts.store.giveBack(claims));
}

/**
 * Tells the store, and goes on telling it while the medium fails: a delivery that is not recorded happens twice.
 *
 * Only a store that is closed or broken for good ends this; the lease, or the next start, then decides.
 */
export async function forSure<Result>(
  { onError }: Pick<DeliveryParts, 'onError'>,
  what: string,
  call: () => Promise<Result>,
): Promise<Result> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 30_000)) {
    try {
      return await call();
    } catch (error) {
      const passing = error instanceof StoreError && (error.code === 'full' || error.code === 'failed');
      if (!passing) throw error;
      onError(`${what}; trying again`, error);
      await sleep(waitMs, undefined, { ref: false });
    }
  }
}
