/**
 * Politeness: how often and how soon a server is called.
 *
 * One connection at a time to each address, a pause before the next one to the same address, a longer one to the same
 * network. Whoever sends us away is left alone for a while, twice as long each time.
 */
import { isIPv4 } from 'node:net';
import type { Endpoint } from '../findings/endpoint.ts';
import type { VisitEnd } from '../findings/observation.ts';
import { groupsOf, type IpAddress, oneSpelling } from '../names/address.ts';

export interface PaceTerms {
  /** Milliseconds from the end of one connection to the beginning of the next to the same address; 0: none. */
  readonly gapMs: number;
  /** Doors that are visited at the same time. */
  readonly concurrency: number;
  /** Whether an address needs no pauses: one of this host, or of a lab. */
  readonly isOurs: (address: IpAddress) => boolean;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export interface Pace {
  /** Waits until the address may be called, and holds it. @returns what lets go of it; more than once does no harm. */
  readonly turn: (address: IpAddress) => Promise<() => void>;
  /** The last connection to an address that is held has ended: waits for the pause before a further one. */
  readonly again: (address: IpAddress) => Promise<void>;
  /** The server sent us away. @returns for how many milliseconds it is left alone. */
  readonly sentAway: (address: IpAddress) => number;
  /** Milliseconds for which the address is to be left alone, as it sent us away; 0 where it is not. */
  readonly restOf: (address: IpAddress) => number;
}

/** A /24 and a /48 are as a rule one operator's. */
const NETWORK_FACTOR = 3;
const FIRST_REST_MS = 15 * 60_000;
const LONGEST_REST_MS = 24 * 60 * 60_000;
/** So many pauses are remembered before those that are over are forgotten: a list may have millions of targets. */
const MOST_KEPT = 10_000;

/** An address in its one spelling: a server that is reached by a mapped address too is the same server. */
type Server = IpAddress;

export function openPace({ gapMs, concurrency, isOurs, clock, sleep }: PaceTerms): Pace {
  /** When the address, or the network, may be called next. */
  const next = new Map<string, number>();
  const held = new Map<Server, Promise<void>>();
  const rests = new Map<Server, { readonly until: number; readonly ms: number }>();
  const slots = slotsOf(concurrency);

  /** From now on, as a connection has ended. */
  function pauseBehind(server: Server): void {
    if (gapMs === 0 || isOurs(server)) return;
    next.set(server, Math.max(next.get(server) ?? 0, clock() + gapMs));
  }

  async function pauseBefore(server: Server): Promise<void> {
    if (gapMs === 0 || isOurs(server)) return;
    const network = networkOf(server);
    if (next.size > MOST_KEPT) forgetPast(next, clock());
    // Claimed before the wait: of two that come at once the second waits behind the first.
    const at = Math.max(clock(), next.get(server) ?? 0, next.get(network) ?? 0);
    next.set(server, at + gapMs);
    next.set(network, at + gapMs * NETWORK_FACTOR);
    const ms = at - clock();
    if (ms > 0) await sleep(ms);
  }

  return {
    async turn(address) {
      const server = oneSpelling(address);
      const before = held.get(server);
      const { promise, resolve } = Promise.withResolvers<void>();
      // Behind all that wait already; not only behind the one that is there now.
      const mine = (before ?? Promise.resolve()).then(() => promise);
      held.set(server, mine);
      await before;
      const release = await slots();
      await pauseBefore(server);
      let over = false;
      return () => {
        if (over) return;
        over = true;
        pauseBehind(server);
        if (held.get(server) === mine) held.delete(server);
        release();
        resolve();
      };
    },
    async again(address) {
      const server = oneSpelling(address);
      pauseBehind(server);
      await pauseBefore(server);
    },
    sentAway(address) {
      const server = oneSpelling(address);
      const ms = Math.min((rests.get(server)?.ms ?? FIRST_REST_MS / 2) * 2, LONGEST_REST_MS);
      rests.set(server, { until: clock() + ms, ms });
      return ms;
    },
    restOf: (address) => Math.max(0, (rests.get(oneSpelling(address))?.until ?? 0) - clock()),
  };
}

function forgetPast(next: Map<string, number>, now: number): void {
  for (const [who, at] of next) if (at <= now) next.delete(who);
}

/** What an observer does between two connections to the same door: it waits, or stops where it has been sent away. */
export async function betweenVisits(
  pace: Pick<Pace, 'again' | 'sentAway'>,
  { address }: Pick<Endpoint, 'address'>,
  last: VisitEnd,
): Promise<'go' | 'stop'> {
  if (isSentAway(last)) {
    pace.sentAway(address);
    return 'stop';
  }
  await pace.again(address);
  return 'go';
}

/** Whether the server wants us to go: for now, or as it does not want us at all. */
export function isSentAway({ kind }: VisitEnd): boolean {
  return kind === 'throttled' || kind === 'blocked';
}

/** So many at a time; the others wait in their order. */
function slotsOf(count: number): () => Promise<() => void> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return () => {
      const following = waiting.shift();
      if (following === undefined) free += 1;
      else following();
    };
  };
}

function networkOf(server: Server): string {
  if (isIPv4(server)) return `${server.split('.').slice(0, 3).join('.')}/24`;
  return `${groupsOf(server)
    .slice(0, 3)
    .map((group) => group.toString(16))
    .join(':')}/48`;
}
