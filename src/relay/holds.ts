/**
 * Looks again and again at destinations with mail that is held for want of TLS, and lets it go once the TLS can be had.
 *
 * A destination is asked, not each of its messages: the DNS anew, the policy anew, one session without mail. What is held
 * is known by the store, with what was seen there, so that a restart goes on from there.
 */
import type { DeliveryEvent, EventTls } from '../events/delivery-event.ts';
import type { EpochMs } from '../queue/delivery.ts';
import type { Look, QueueStore } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Probed } from './probe.ts';
import type { HoldSettings, World } from './settings.ts';
import type { HeldFinding, Peers } from './workers/peer-word.ts';

export interface HoldsParts {
  readonly store: Pick<QueueStore, 'heldDestinations' | 'noteLooks' | 'free'>;
  readonly world: World;
  readonly settings: () => HoldSettings;
  /** Asks the destination once, with the decision of the mail that is held there. */
  readonly probe: (destination: string) => Promise<Probed>;
  /** Mail of the destination is due now, and its hosts were reached. */
  readonly onFreed: (destination: string, events: readonly DeliveryEvent[]) => void;
  readonly onError: (what: string, error: unknown) => void;
  /** Who looks for their own held mail, too: what one finds is told to the others; absent: nobody. */
  readonly peers?: Peers | undefined;
}

/** What the last look at a destination found. */
export interface HoldWord {
  /** null: nobody has looked yet, or it was open. */
  readonly found: { readonly at: EpochMs /** One sentence. */; readonly because: string } | null;
  readonly nextAt: EpochMs;
}

export interface Holds {
  /** Mail is held there from now on. */
  held(destination: string): void;
  /** An operator asks: these are looked at now, or all that are known. */
  hurry(destinations: readonly string[] | 'all'): void;
  /** undefined where nothing is held, or there was no room for it yet. */
  wordOf(destination: string): HoldWord | undefined;
  close(): Promise<void>;
}

/** Looks at once: each takes a connection, and may take a minute. */
const MOST_AT_ONCE = 10;
/** Beyond these, destinations wait until others have nothing held any more; their mail is tried on schedule meanwhile. */
const MOST_DESTINATIONS = 10_000;
/** How often destinations are looked for that nobody has told of: more than there is room for, or held before the start. */
const SEARCH_EVERY_MS = 10 * 60_000;
const PAGE = 1_000;
/** By so much of itself a wait is stretched, so that what was held at once is not looked at at once. */
const JITTER = 0.1;
/** So much longer wait those who were told: whoever has looked looks again, and they where it does not. */
const TOLD_PATIENCE = 1.25;
const LONGEST_SLEEP_MS = 60_000;
const AFTER_ERROR_MS = 60_000;
/** What was seen is kept within this; a crash forgets as much. */
const KEEP_WITHIN_MS = 10_000;

interface Destination {
  /** How many looks have found it blocked. */
  looks: number;
  dueAt: EpochMs;
  running: boolean;
  word: { readonly at: EpochMs; readonly because: string } | undefined;
}

export function startHolds(parts: HoldsParts): Holds {
  const { store, world, settings, onError } = parts;
  const destinations = new Map<string, Destination>();
  const underWay = new Set<Promise<void>>();
  let closing = false;
  let alarm: NodeJS.Timeout | undefined;
  let searchAt = 0;
  /** Of which the store does not know the newest. */
  const unkept = new Set<string>();
  let keeping: NodeJS.Timeout | undefined;

  function waitAfter(looks: number): number {
    const { probeAfterMs } = settings();
    const wait = probeAfterMs[Math.min(looks, probeAfterMs.length - 1)] ?? LONGEST_SLEEP_MS;
    return wait * (1 + JITTER * world.random());
  }

  function add(name: string, dueAt: EpochMs): void {
    if (destinations.has(name) || destinations.size >= MOST_DESTINATIONS) return;
    destinations.set(name, { looks: 0, dueAt, running: false, word: undefined });
  }

  function noted(name: string): void {
    unkept.add(name);
    keeping ??= setTimeout(() => void keep(), KEEP_WITHIN_MS).unref();
  }

  async function keep(): Promise<void> {
    clearTimeout(keeping);
    keeping = undefined;
    const looks = [...unkept].flatMap((name): readonly Look[] => {
      const known = destinations.get(name);
      if (known === undefined) return [];
      const { looks: count, dueAt, word } = known;
      return [{ destination: name, looks: count, dueAt: Math.round(dueAt), found: word ?? null }];
    });
    unkept.clear();
    try {
      await store.noteLooks(looks);
    } catch (error) {
      if (!closing) onError('keeping what was seen of held mail', error);
    }
  }

  /** From what an earlier process has seen. Whatever came due while nobody ran is spread over the first wait. */
  function takeUp({ destination: name, looks, dueAt, found }: Look): void {
    const now = world.now();
    const isAhead = dueAt > now;
    add(name, isAhead ? Math.min(dueAt, now + waitAfter(looks)) : now + waitAfter(0) * world.random());
    const known = destinations.get(name);
    // Its mail may have been blocked once more before this was read.
    if (known?.looks !== 0) return;
    known.looks = looks;
    known.word ??= found ?? undefined;
  }

  /** Those that the store knows of, and nobody here. */
  async function search(): Promise<void> {
    for (let after = ''; !closing && destinations.size < MOST_DESTINATIONS; ) {
      const page = await store.heldDestinations({ after, most: PAGE });
      for (const { destination: name, look: seen } of page) {
        if (seen === null) add(name, world.now() + waitAfter(0) * world.random());
        else takeUp(seen);
      }
      const last = page.at(-1)?.destination;
      if (last === undefined || page.length < PAGE) return;
      after = last;
    }
  }

  async function look(name: string, destination: Destination): Promise<void> {
    const probed = await parts.probe(name);
    if (closing) return;
    if (probed.kind === 'nothing-held') {
      destinations.delete(name);
      noted(name);
      return;
    }
    const found: HeldFinding =
      probed.kind === 'blocked' ? { ...probed, at: world.now() } : { kind: 'open', tls: probed.tls };
    parts.peers?.tell({ kind: 'held-word', destination: name, found });
    await note(name, destination, found, 1);
  }

  /** @param patience by which the next wait is stretched. */
  async function note(
    name: string,
    destination: Destination,
    found: HeldFinding,
    patience: number,
  ): Promise<void> {
    const now = world.now();
    if (found.kind === 'blocked') destination.word = { at: found.at, because: found.because };
    else {
      destination.word = undefined;
      await free(name, found.tls);
    }
    // Also after it was let go: what is blocked once more does not begin anew, or it would go round every minute.
    destination.looks += 1;
    destination.dueAt = now + waitAfter(destination.looks) * patience;
    noted(name);
  }

  async function free(name: string, tls: EventTls): Promise<void> {
    for (;;) {
      const { changed, more } = await store.free({ destination: name, now: world.now(), tls });
      const events = changed.flatMap(({ event }) => event ?? []);
      if (events.length > 0) parts.onFreed(name, events);
      if (!more || closing) return;
    }
  }

  /** Another process has looked: that does for this one. */
  function told(name: string, found: HeldFinding): void {
    const destination = destinations.get(name);
    if (destination === undefined || destination.running || closing) return;
    begin(name, destination, () => note(name, destination, found, TOLD_PATIENCE));
  }
  parts.peers?.onTold((word) => {
    if (word.kind === 'held-word') told(word.destination, word.found);
  });

  function begin(
    name: string,
    destination: Destination,
    act = (): Promise<void> => look(name, destination),
  ): void {
    destination.running = true;
    const work = act()
      .catch((error: unknown) => {
        destination.dueAt = world.now() + AFTER_ERROR_MS;
        if (closing && error instanceof StoreError) return;
        onError(`looking at ${name}, where mail is held`, error);
      })
      .finally(() => {
        destination.running = false;
        underWay.delete(work);
        turn();
      });
    underWay.add(work);
  }

  function turn(): void {
    clearTimeout(alarm);
    if (closing) return;
    const now = world.now();
    const due = [...destinations].filter(([, { running, dueAt }]) => !running && dueAt <= now);
    due.sort(([, a], [, b]) => a.dueAt - b.dueAt);
    for (const [name, destination] of due.slice(0, MOST_AT_ONCE - underWay.size)) begin(name, destination);
    const waiting = [...destinations.values()].filter(({ running, dueAt }) => !running && dueAt > now);
    const next = Math.min(searchAt, ...waiting.map(({ dueAt }) => dueAt));
    alarm = setTimeout(tick, Math.min(Math.max(next - now, 10), LONGEST_SLEEP_MS));
    alarm.unref();
  }

  function tick(): void {
    const now = world.now();
    // A clock that was set back is no reason to look for years at nothing.
    if (now < searchAt && searchAt - now <= SEARCH_EVERY_MS) {
      turn();
      return;
    }
    searchAt = now + SEARCH_EVERY_MS;
    for (const destination of destinations.values())
      destination.dueAt = Math.min(destination.dueAt, now + waitAfter(destination.looks));
    search()
      .catch((error: unknown) => {
        if (!closing) onError('looking for held mail', error);
      })
      .finally(turn);
  }

  tick();
  return {
    held(name) {
      if (destinations.has(name)) return;
      add(name, world.now() + waitAfter(0));
      noted(name);
      turn();
    },
    hurry(names) {
      for (const name of names === 'all' ? destinations.keys() : names) {
        const destination = destinations.get(name);
        if (destination === undefined) add(name, world.now());
        else destination.dueAt = world.now();
      }
      turn();
    },
    wordOf(name) {
      const destination = destinations.get(name);
      return destination && { found: destination.word ?? null, nextAt: destination.dueAt };
    },
    async close() {
      closing = true;
      clearTimeout(alarm);
      await Promise.all([...underWay, ...(unkept.size > 0 ? [keep()] : [])]);
    },
  };
}
