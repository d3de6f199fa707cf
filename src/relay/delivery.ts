/** Works on the queue: claims what is due, attempts it, settles what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { isLate } from '../queue/schedule.ts';
import type { Claim, NewMessage, QueueStore, SettleRequest } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import { attempt, byDomain, type RecipientResult } from './attempt.ts';
import { delayNotice, failureNotice, type NoticeParts } from './bounce.ts';
import type { Contents } from './content.ts';
import { connectionPool } from './pool.ts';
import type { Outgoing, QueueSettings, World } from './settings.ts';
import { type Settled, settleRecipient } from './settle.ts';

export interface DeliveryParts {
  readonly store: QueueStore;
  readonly contents: Contents;
  readonly outgoing: Outgoing;
  readonly settings: QueueSettings;
  readonly world: World;
  readonly onEvents: (events: readonly DeliveryEvent[]) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Delivering {
  /** There may be something to do: a message came, or an operator asked. */
  wake(): void;
  /** Takes nothing new and waits for the attempts under way, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Longer than the slowest attempt; it matters only if a settlement is lost without the process ending. */
const LEASE_MS = 6 * 60 * 60 * 1000;
const RECIPIENTS_PER_CLAIM = 100;
/** setTimeout takes no more than 2^31-1 ms; the queue is looked at at least this often. */
const LONGEST_SLEEP_MS = 60_000;
const PURGE_EVERY_MS = 3_600_000;

export function startDelivery(parts: DeliveryParts): Delivering {
  const { store, settings, world } = parts;
  const pool = connectionPool(parts.outgoing);
  const underWay = new Set<Promise<void>>();
  let pumping: Promise<void> | undefined;
  let wanted = false;
  let closing = false;
  let alarm: NodeJS.Timeout | undefined;
  const purging = setInterval(() => {
    store
      .purge(world.now() - settings.keepFinalMs)
      .catch((error: unknown) => parts.onError('purging the queue', error));
  }, PURGE_EVERY_MS);
  purging.unref();

  function wake(): void {
    wanted = true;
    if (closing || pumping !== undefined) return;
    pumping = pump()
      .catch((error: unknown) => {
        parts.onError('looking for due messages', error);
        setAlarm(1_000);
      })
      .finally(() => {
        pumping = undefined;
        if (wanted) wake();
      });
  }

  async function pump(): Promise<void> {
    while (wanted && !closing) {
      wanted = false;
      const free = settings.connections - underWay.size;
      if (free <= 0) return;
      const now = world.now();
      const claims = await store.claim({
        now,
        leaseEnds: now + LEASE_MS,
        most: free,
        perDestination: settings.connectionsPerDestination,
        recipientsPerClaim: RECIPIENTS_PER_CLAIM,
      });
      for (const claim of claims) start(claim);
      if (claims.length === free) wanted = true;
    }
    // While work comes and goes an alarm that is already set is good enough: it is never more than a minute off.
    if (closing || (underWay.size > 0 && alarm !== undefined)) return;
    const due = await store.nextDue(settings.connectionsPerDestination);
    if (due !== undefined) setAlarm(Math.max(due - world.now(), 10));
  }

  function setAlarm(ms: number): void {
    clearTimeout(alarm);
    alarm = setTimeout(
      () => {
        alarm = undefined;
        wake();
      },
      Math.min(ms, LONGEST_SLEEP_MS),
    );
    alarm.unref();
  }

  function start(claim: Claim): void {
    const work = workOn(claim, parts, pool, wake)
      .catch((error: unknown) => parts.onError(`message ${claim.message.id}`, error))
      .finally(() => {
        underWay.delete(work);
        wake();
      });
    underWay.add(work);
  }

  return {
    wake,
    async close(graceMs) {
      closing = true;
      clearTimeout(alarm);
      clearInterval(purging);
      const done = Promise.allSettled([...underWay, pumping]);
      await Promise.race([done, sleep(graceMs, undefined, { ref: false })]);
      await pool.close();
    },
  };
}

async function workOn(
  claim: Claim,
  parts: DeliveryParts,
  pool: ReturnType<typeof connectionPool>,
  wake: () => void,
): Promise<void> {
  const { message, recipients } = claim;
  const { outgoing, contents, world, settings } = parts;
  const settled: Settled[] = [];
  const results: RecipientResult[] = [];
  for (const { domain, recipients: group } of byDomain(recipients.map(({ address }) => address))) {
    const { sender, properties } = message;
    const body = () => contents.source(message.id);
    const done = await attempt(
      { sender, recipients: group, domain, properties, body },
      outgoing,
      pool,
      world.random,
    );
    for (const result of done.recipients) {
      const recipient = recipients.find(({ address }) => address === result.address);
      if (recipient === undefined) throw new Error(`a result for ${result.address}, who was not asked for`);
      results.push(result);
      settled.push(settleRecipient(claim, recipient, result, done.transcript, settings.schedule, world));
    }
  }
  const { messages, warned } = await notices(claim, settled, results, parts);
  const settlements = settled.map(({ settlement }) => settlement);
  const settling = settleForSure(parts, { settlements, messages, warned });
  // A claim made now finds this destination's place free: it is answered in the same turn as the settlement.
  wake();
  await settling;
  parts.onEvents(settlements.flatMap(({ events }) => events));
}

/** The notifications that this settlement calls for; they are stored in the same commit. */
async function notices(
  claim: Claim,
  settled: readonly Settled[],
  results: readonly RecipientResult[],
  { outgoing, contents, world, settings }: DeliveryParts,
): Promise<Pick<SettleRequest, 'messages' | 'warned'>> {
  const { message } = claim;
  const now = world.now();
  const failures = settled.flatMap(({ failure }) => failure ?? []);
  const late = settled.flatMap(({ settlement: { address, delivery } }) => {
    const result = results.find((one) => one.address === address);
    const waits = delivery.kind === 'waiting' || (delivery.kind === 'held' && delivery.by === 'tls');
    return waits && result !== undefined ? [{ result, nextAttemptAt: delivery.notBefore }] : [];
  });
  const warn =
    late.length > 0 && message.warnedAt === null && isLate(now, message.receivedAt, settings.schedule);
  if (message.sender === '' || (failures.length === 0 && !warn)) return { messages: [], warned: [] };
  const { hostname, routes } = outgoing;
  const notice: NoticeParts = { hostname, routes, now, original: await contents.head(message.id) };
  const messages: (NewMessage | undefined)[] = [];
  if (failures.length > 0) messages.push(failureNotice(claim, failures, notice));
  if (warn)
    messages.push(delayNotice(claim, late, message.receivedAt + settings.schedule.giveUpAfterMs, notice));
  return {
    messages: messages.filter((one) => one !== undefined),
    warned: warn ? [{ id: message.id, at: now }] : [],
  };
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
