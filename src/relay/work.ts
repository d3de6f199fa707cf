/** Works on one claim: attempts it, and settles what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { Claim, QueueStore, SettleRequest } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import { attempt, notTried } from './attempt.ts';
import { notices } from './bounce.ts';
import type { Contents } from './content.ts';
import type { Pace, Reached } from './pace.ts';
import { byCourse, type Parcel } from './parcel.ts';
import type { Pool } from './pool.ts';
import type { RecentIds } from './recent-ids.ts';
import type { AttemptResult, RecipientResult } from './result.ts';
import type { Outgoing, QueueSettings, World } from './settings.ts';
import { type News, settleRecipient } from './settle.ts';

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
  readonly rules: () => Rules;
  readonly wake: () => void;
  /** Whether connections are being closed under the attempts. */
  readonly abandoned: () => boolean;
  /** Messages whose sender was warned just now, of which claims that are out do not know. */
  readonly warned: RecentIds;
}

type Group = Pick<Parcel, 'course' | 'recipients'>;

/** Attempts what was claimed and records what became of it. */
export async function workOn(claim: Claim, desk: Desk): Promise<void> {
  const { pace } = desk;
  const admission = await pace.enter(claim.destination);
  // A claim that is not settled is due again when the queue is opened next.
  if (admission.kind === 'closing') return;
  // What began under one configuration ends under it.
  const rules = desk.rules();
  if (admission.kind === 'suspended') {
    const until = new Date(admission.until).toISOString();
    const because = `not tried, as nobody was reached lately (until ${until}): ${admission.because}`;
    for (const group of byCourse(claim.recipients, rules.outgoing))
      await settle(claim, notTried(group, because), rules, desk);
    return;
  }
  let reached: Reached = { kind: 'host' };
  try {
    for (const group of byCourse(claim.recipients, rules.outgoing)) {
      ({ reached } = await deliver(claim, group, rules, desk));
      if (desk.abandoned()) return;
    }
  } finally {
    pace.leave(claim.destination, reached);
  }
}

/**
 * Attempts a group and settles it.
 *
 * Each transaction is recorded before the next begins: what is not recorded is delivered twice after a crash.
 */
async function deliver(claim: Claim, group: Group, rules: Rules, desk: Desk): Promise<AttemptResult> {
  const recorded = new Set<string>();
  const result = await attemptGroup(claim, group, rules, desk, async (delivered) => {
    await settle(claim, { recipients: delivered, reached: { kind: 'host' }, transcript: [] }, rules, desk);
    for (const { address } of delivered) recorded.add(address);
  });
  const recipients = result.recipients.filter(({ address }) => !recorded.has(address));
  await settle(claim, { ...result, recipients }, rules, desk);
  return result;
}

/** An error of ours or of the medium (content that cannot be read) is one more reason to try again later. */
async function attemptGroup(
  { destination, message }: Claim,
  group: Group,
  { outgoing }: Rules,
  { pool, parts: { contents, world, onError } }: Desk,
  onDelivered: Parcel['onDelivered'],
): Promise<AttemptResult> {
  const { id, sender, wishes, properties } = message;
  const body: Parcel['body'] = () => contents.source(id);
  const parcel: Parcel = { ...group, destination, sender, wishes, properties, body, onDelivered };
  try {
    return await attempt(parcel, outgoing, pool, world.random);
  } catch (error) {
    onError(`attempting message ${id}`, error);
    const because = `an error of this relay: ${error instanceof Error ? error.message : String(error)}`;
    return { ...notTried(group, because), reached: { kind: 'host' } };
  }
}

async function settle(claim: Claim, attempted: AttemptResult, rules: Rules, desk: Desk): Promise<void> {
  const { parts, wake } = desk;
  const { message } = claim;
  const { schedule } = rules.settings;
  const { world } = parts;
  // What we broke off is not the host's failure: it stays claimed, and is due again when the queue is opened next.
  const results = desk.abandoned() ? attempted.recipients.filter(isDecided) : attempted.recipients;
  if (results.length === 0) return;
  const settled = results.map((one, index) => {
    const recipient = claim.recipients.find(({ address }) => address === one.address);
    if (recipient === undefined) throw new Error(`a result for ${one.address}, who was not asked for`);
    // One conversation, kept once: a peer must not be able to multiply what it says by the number of recipients.
    const transcript = index === 0 ? attempted.transcript : [];
    return settleRecipient(claim, recipient, one, transcript, schedule, world);
  });
  const settlements = settled.map(({ settlement }) => settlement);
  const news = settled.flatMap((one) => one.news ?? []);
  const now = world.now();
  const told = news.length === 0 ? nothingTold : await tell(message, news, now, rules, desk);
  const settling = settleForSure(parts, { settlements, ...told });
  // A claim made now finds this destination's place free: it is answered in the same turn as the settlement.
  wake();
  await settling;
  parts.onEvents(settlements.flatMap(({ events }) => events));
}

type Told = Pick<SettleRequest, 'messages' | 'warned'>;

const nothingTold: Told = { messages: [], warned: [] };

/** The notifications that are due; a delay is told once for each message. */
async function tell(
  message: Claim['message'],
  news: readonly News[],
  now: number,
  { outgoing, settings }: Rules,
  { warned, parts: { contents, onError } }: Desk,
): Promise<Told> {
  const { id, receivedAt, warnedAt } = message;
  const mayWarn = warnedAt === null && !warned.has(id);
  const due = mayWarn ? news : news.filter(({ kind }) => kind !== 'delayed');
  const warns = due.some(({ kind }) => kind === 'delayed');
  if (warns) warned.add(id);
  const retryUntil = receivedAt + settings.schedule.giveUpAfterMs;
  const messages = await notices(message, due, { outgoing, contents, now, retryUntil, onError });
  return { messages, warned: warns ? [{ id, at: now }] : [] };
}

function isDecided({ verdict }: RecipientResult): boolean {
  return verdict.kind === 'delivered' || verdict.kind === 'refused';
}

/**
 * Tells the store, and goes on telling it while the medium fails: a delivery that is not recorded happens twice.
 *
 * Only a store that is closed or broken for good ends this; the lease, or the next start, then decides.
 */
async function settleForSure({ store, onError }: DeliveryParts, request: SettleRequest): Promise<void> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 30_000)) {
    try {
      await store.settle(request);
      return;
    } catch (error) {
      const passing = error instanceof StoreError && (error.code === 'full' || error.code === 'failed');
      if (!passing) throw error;
      onError('recording deliveries; trying again', error);
      await sleep(waitMs, undefined, { ref: false });
    }
  }
}
