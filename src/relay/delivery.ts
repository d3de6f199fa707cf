/** Works on the queue: claims what is due, attempts it, settles what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { isLate } from '../queue/schedule.ts';
import type { Claim, NewMessage, QueueStore, SettleRequest } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import {
  type AttemptResult,
  attempt,
  byDomain,
  notTried,
  type Parcel,
  type RecipientResult,
} from './attempt.ts';
import { delayNotice, failureNotice, type NoticeParts } from './bounce.ts';
import type { Contents } from './content.ts';
import { type Pace, type Reached, startPace } from './pace.ts';
import { connectionPool, type Pool } from './pool.ts';
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
  /** There may be something to do: a message came. */
  wake(): void;
  /** An operator asks for everything that is due now, whatever was seen of its destinations. */
  retry(): void;
  /** Takes nothing new and waits for the attempts under way, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** A claim ends with its settlement or with the process: no clock that jumps may give it to somebody else. */
const NEVER = Number.MAX_SAFE_INTEGER;
/** Claims that wait for their destination to answer; the rest of the queue waits in the store. */
const MAX_PARKED = 2_000;
const RECIPIENTS_PER_CLAIM = 100;
/** setTimeout takes no more than 2^31-1 ms; the queue is looked at at least this often. */
const LONGEST_SLEEP_MS = 60_000;
const PURGE_EVERY_MS = 3_600_000;

/** What the attempts share. */
interface Tools {
  readonly pool: Pool;
  readonly pace: Pace;
  readonly wake: () => void;
}

export function startDelivery(parts: DeliveryParts): Delivering {
  const { store, settings, world } = parts;
  const pool = connectionPool(parts.outgoing);
  const underWay = new Set<Promise<void>>();
  const pace = startPace(settings, world);
  const tools: Tools = { pool, pace, wake };
  let pumping: Promise<void> | undefined;
  let wanted = false;
  let closing = false;
  let alarm: NodeJS.Timeout | undefined;
  const purge = (): void => {
    store
      .purge(world.now() - settings.keepFinalMs)
      .catch((error: unknown) => parts.onError('purging the queue', error));
  };
  purge();
  const purging = setInterval(purge, PURGE_EVERY_MS);
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
      const parked = underWay.size - pace.active;
      const free = Math.min(settings.connections - pace.active, MAX_PARKED - parked);
      if (free <= 0) return;
      const now = world.now();
      const claims = await store.claim({
        now,
        leaseEnds: NEVER,
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
    const work = workOn(claim, parts, tools)
      .catch((error: unknown) => parts.onError(`message ${claim.message.id}`, error))
      .finally(() => {
        underWay.delete(work);
        wake();
      });
    underWay.add(work);
  }

  return {
    wake,
    retry() {
      pace.forgive();
      wake();
    },
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

async function workOn(claim: Claim, parts: DeliveryParts, tools: Tools): Promise<void> {
  const admission = await tools.pace.enter(claim.destination);
  const groups = byDomain(claim.recipients.map(({ address }) => address));
  if (admission.kind === 'suspended') {
    const until = new Date(admission.until).toISOString();
    const because = `not tried, as nobody was reached lately (until ${until}): ${admission.because}`;
    for (const group of groups) await settle(claim, notTried(group, parts.outgoing, because), parts, tools);
    return;
  }
  let reached: Reached = { kind: 'host' };
  try {
    for (const group of groups) {
      const result = await attemptGroup(claim, group, parts, tools);
      reached = result.reached;
      // Each transaction is recorded before the next begins: what is not recorded is delivered twice after a crash.
      await settle(claim, result, parts, tools);
    }
  } finally {
    tools.pace.leave(claim.destination, reached);
  }
}

/** An error of ours or of the medium (content that cannot be read) is one more reason to try again later. */
async function attemptGroup(
  claim: Claim,
  { domain, recipients }: Pick<Parcel, 'domain' | 'recipients'>,
  { outgoing, contents, world, onError }: DeliveryParts,
  { pool }: Tools,
): Promise<AttemptResult> {
  const { id, sender, properties } = claim.message;
  const body = () => contents.source(id);
  try {
    return await attempt({ sender, recipients, domain, properties, body }, outgoing, pool, world.random);
  } catch (error) {
    onError(`attempting message ${id}`, error);
    const because = `an error of this relay: ${error instanceof Error ? error.message : String(error)}`;
    return { ...notTried({ domain, recipients }, outgoing, because), reached: { kind: 'host' } };
  }
}

async function settle(
  claim: Claim,
  result: AttemptResult,
  parts: DeliveryParts,
  { wake }: Tools,
): Promise<void> {
  const { world, settings } = parts;
  const settled = result.recipients.map((one, index) => {
    const recipient = claim.recipients.find(({ address }) => address === one.address);
    if (recipient === undefined) throw new Error(`a result for ${one.address}, who was not asked for`);
    // One conversation, kept once: a peer must not be able to multiply what it says by the number of recipients.
    const transcript = index === 0 ? result.transcript : [];
    return settleRecipient(claim, recipient, one, transcript, settings.schedule, world);
  });
  const { messages, warned } = await notices(claim, settled, result.recipients, parts);
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
  { outgoing, contents, world, settings, onError }: DeliveryParts,
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
  const original = await contents.head(message.id).catch((error: unknown) => {
    // The notification goes out without the header section: that it failed matters more.
    onError(`reading message ${message.id} for a notification`, error);
    return new Uint8Array();
  });
  const notice: NoticeParts = { hostname, routes, now, original };
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
