/** Works on the queue: claims what is due, attempts it, settles what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim } from '../store/queue-store.ts';
import { clockWatch } from './clock-watch.ts';
import { type Holds, startHolds } from './holds.ts';
import { startPace } from './pace.ts';
import { connectionPool, type PoolRules } from './pool.ts';
import { probe } from './probe.ts';
import { startPuttingOff } from './putting-off.ts';
import { startReach } from './reach.ts';
import { recentIds } from './recent-ids.ts';
import type { SessionWatch } from './session-results.ts';
import type { Outgoing, QueueSettings } from './settings.ts';
import { type RememberedTls, startTlsMemory } from './tls-memory.ts';
import { type DeliveryParts, type Desk, forSure, giveBack, workOn } from './work.ts';
import type { Peers } from './workers/peer-word.ts';
import { wholePart } from './workers/share.ts';
import { allSlots, openSlots } from './workers/slots.ts';

export interface StartingParts extends DeliveryParts {
  readonly outgoing: Outgoing;
  readonly settings: QueueSettings;
  /** Something odd about a far side that is no event. */
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly watch: SessionWatch;
  /** Other processes that deliver mail of this relay; absent: there are none. */
  readonly peers?: Peers | undefined;
}

export interface Delivering {
  /** How many attempts are being made just now. */
  readonly attempts: number;
  /** What is remembered of TLS at hosts. */
  rememberedTls(): readonly RememberedTls[];
  /** There may be something to do: a message came. */
  wake(): void;
  /**
   * An operator asks for everything that is due now, whatever was seen of its destinations.
   *
   * @param destinations where mail may be held for want of TLS: these are looked at now.
   */
  retry(destinations?: readonly string[] | 'all'): void;
  /** What was found where mail is held for want of TLS. */
  wordOf: Holds['wordOf'];
  /**
   * Carries out an operator's word about mail: meanwhile, what was claimed and waits for its turn is back in the queue,
   * so that the word reaches it, and nothing more is claimed.
   */
  carryOut<Result>(word: () => Promise<Result>): Promise<Result>;
  /** What begins from now on goes by these; what is under way ends as it began. */
  reload(outgoing: Outgoing, settings: QueueSettings): void;
  /**
   * Takes nothing new, and gives the attempts under way `graceMs` to end; what is left then is broken off and tried
   * again after the next start.
   */
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
/** More than there are claims out at once. */
const RECENT_WARNINGS = 10_000;
const AFTER_ABORT_MS = 250;

export function startDelivery(parts: StartingParts): Delivering {
  const { store, world } = parts;
  let rules = { outgoing: parts.outgoing, settings: parts.settings };
  const underWay = new Set<Promise<void>>();
  const slots =
    parts.peers === undefined
      ? allSlots
      : openSlots({
          part: parts.settings.part ?? wholePart,
          peers: parts.peers,
          onGiven: () => pace.admit(),
          vacate: (destination) => pool.vacate(destination),
        });
  const ringAfter = (ms: number, ring: () => void): void => void setTimeout(ring, ms).unref();
  const pace = startPace(parts.settings, world, ringAfter, slots);
  const puttingOff = startPuttingOff(() => performance.now(), ringAfter);
  const memories = {
    tls: startTlsMemory(world.now, (one) => parts.onOddity(...noticeOf(one))),
    reach: startReach(world.now),
  };
  const pool = connectionPool(poolRules(rules), memories, parts.watch);
  let abandoned = false;
  const desk: Desk = {
    parts,
    pace,
    pool,
    puttingOff,
    rules: () => rules,
    wake,
    abandoned: () => abandoned,
    warned: recentIds(RECENT_WARNINGS),
    toldOfHold: recentIds(RECENT_WARNINGS),
    onHeld: (destination) => holds.held(destination),
  };
  const holds = startHolds({
    store,
    world,
    settings: () => rules.settings.holds,
    probe: (destination) => probe(destination, { store, pool, outgoing: rules.outgoing, world }),
    onFreed(destination, events) {
      parts.onEvents(events);
      // Its hosts were reached just now, whatever was seen of them before.
      pace.forgive(destination);
      wake();
    },
    onError: parts.onError,
    peers: parts.peers,
  });
  let pumping: Promise<void> | undefined;
  let wanted = false;
  /** Words of an operator that are being carried out. */
  let words = 0;
  let closing = false;
  let alarm: NodeJS.Timeout | undefined;
  const setBack = clockWatch();
  const purge = (): void => {
    store
      .purge(world.now() - rules.settings.keepFinalMs)
      .catch((error: unknown) => parts.onError('purging the queue', error));
  };
  purge();
  const purging = setInterval(purge, PURGE_EVERY_MS);
  purging.unref();

  function wake(): void {
    wanted = true;
    if (closing || words > 0 || pumping !== undefined) return;
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
    while (wanted && !closing && words === 0) {
      wanted = false;
      const { settings } = rules;
      const parked = underWay.size - pace.active;
      const free = Math.min(settings.connections - pace.active, MAX_PARKED - parked);
      if (free <= 0) return;
      const now = world.now();
      const by = await setBack(now, store, settings.schedule);
      if (by > 0) {
        comeEarlier(by).catch((error: unknown) => {
          if (!closing) parts.onError('looking for mail that waits for a clock which was set back', error);
        });
        return;
      }
      const claims = await store.claim({
        now,
        leaseEnds: NEVER,
        most: free,
        perDestination: mostPerDestination(rules),
        recipientsPerClaim: RECIPIENTS_PER_CLAIM,
      });
      for (const claim of claims) start(claim);
      if (claims.length === free) wanted = true;
    }
    // While work comes and goes an alarm that is already set is good enough: it is never more than a minute off.
    if (closing || (underWay.size > 0 && alarm !== undefined)) return;
    const due = await store.nextDue(mostPerDestination(rules));
    if (due !== undefined) setAlarm(Math.max(due - world.now(), 10));
  }

  /** What waits goes by a time that is far away now; so does what was seen of destinations. */
  async function comeEarlier(by: number): Promise<void> {
    parts.onOddity(...noticeOfClock(by));
    pace.forgive();
    const request = { what: 'retry', now: world.now(), of: 'all', earlierBy: by } as const;
    for (let after: string | null | undefined; after !== null && !closing; ) {
      const behind = after === undefined ? {} : { after };
      const step = () => carryOut(() => store.nudge({ ...request, ...behind }));
      ({ next: after } = await forSure(
        parts,
        'making mail due that waits for a clock which was set back',
        step,
      ));
    }
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
    const work = workOn(claim, desk)
      .catch((error: unknown) => parts.onError(`message ${claim.message.id}`, error))
      .finally(() => {
        underWay.delete(work);
        wake();
      });
    underWay.add(work);
  }

  async function carryOut<Result>(word: () => Promise<Result>): Promise<Result> {
    words += 1;
    try {
      // What it claims right now is not ours to give back before it is told to us.
      await pumping;
      const unused = [...pace.recall(), ...puttingOff.recall()].map((fence) => ({ fence, moved: [] }));
      if (unused.length > 0) await giveBack(parts, unused);
      return await word();
    } finally {
      words -= 1;
      wake();
    }
  }

  return {
    get attempts() {
      return pace.active;
    },
    rememberedTls: () => memories.tls.list(),
    wake,
    wordOf: (destination) => holds.wordOf(destination),
    retry(destinations = []) {
      pace.forgive();
      holds.hurry(destinations);
      memories.tls.forget();
      memories.reach.forget();
      wake();
    },
    carryOut,
    reload(outgoing, settings) {
      rules = { outgoing, settings };
      slots.adjust(settings.part ?? wholePart);
      pace.adjust(settings);
      // Sessions that were judged by the old rules get no mail any more.
      pool.adjust(poolRules(rules));
      wake();
    },
    async close(graceMs) {
      closing = true;
      clearTimeout(alarm);
      clearInterval(purging);
      pace.close();
      puttingOff.close();
      slots.close();
      // A look at a host may take minutes, and is of no use any more.
      const looking = holds.close();
      await within(graceMs, [...underWay, pumping ?? Promise.resolve(), pool.close()]);
      abandoned = true;
      pool.abort();
      // What was decided by then is still recorded.
      await within(AFTER_ABORT_MS, [...underWay, looking]);
    },
  };
}

function poolRules({ outgoing, settings }: ReturnType<Desk['rules']>): PoolRules {
  const { connectionsPerDestination, connectionsPerHost, connectionsPerSecond, part } = settings;
  return {
    outgoing,
    perDestination: connectionsPerDestination,
    perHost: connectionsPerHost,
    perSecond: connectionsPerSecond,
    part,
  };
}

/** As the agenda knows no routes, it may claim for each destination as much as any of them may have; the pace knows better. */
function mostPerDestination({ outgoing, settings }: ReturnType<Desk['rules']>): number {
  return outgoing.routes.reduce(
    (most, { connections }) => Math.max(most, connections ?? 0),
    settings.connectionsPerDestination,
  );
}

function noticeOfClock(by: number): Parameters<StartingParts['onOddity']> {
  const seconds = Math.round(by / 1_000);
  return ['the clock was set back: mail that waits is due as much earlier', { seconds }];
}

function noticeOf({ kind, since, until, ...about }: RememberedTls): Parameters<StartingParts['onOddity']> {
  const what =
    kind === 'broken'
      ? 'mail to this host goes in clear without a try of TLS for a while, as TLS has failed each time'
      : 'this host answers a small ClientHello only';
  return [what, { ...about, since: new Date(since).toISOString(), until: new Date(until).toISOString() }];
}

function within(ms: number, work: readonly Promise<unknown>[]): Promise<unknown> {
  return Promise.race([Promise.allSettled(work), sleep(ms, undefined, { ref: false })]);
}
