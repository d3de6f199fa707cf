/**
 * Politeness: how often and how soon a server is called.
 *
 * One connection at a time to each address, a pause before the next one to it, a longer one to the same network; some in a
 * wider range, and some visits to each operator. Whoever sends us away is left alone for a while, twice as long each time.
 * Nobody who waits for a pause, or for another one to be finished, has a place that others could work at meanwhile.
 *
 * First comes the operator, then what is narrower before what is wider. Whose a server is strangers write down, as they name
 * their mail hosts: who held the address of somebody else while he waits for his own operator would stop all others there. Who
 * holds a network while he waits for its range keeps nobody from anything that would not wait for it, too.
 */
import type { Endpoint } from '../findings/endpoint.ts';
import type { VisitEnd } from '../findings/observation.ts';
import type { IpAddress } from '../names/address.ts';
import { forgetful } from './forgetful.ts';
import { networkOf, rangeOf, serverOf } from './operator.ts';
import { keyedPermits, permitsOf } from './permits.ts';

export interface PaceTerms {
  /** Milliseconds from the end of one connection to the beginning of the next to the same address; 0: none. */
  readonly gapMs: number;
  /** Doors that are visited at the same time. */
  readonly concurrency: number;
  /** Whether an address needs no pauses: one of this host, or of a lab. */
  readonly isOurs: (address: IpAddress) => boolean;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
  /** @param signal ends it early, by rejecting. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

export interface Pace {
  /**
   * Waits until the address may be called, and holds it.
   *
   * @param operator whose it is ({@link operatorOf}); undefined where nobody knows.
   * @param isNeeded asked when nobody else is there: whoever was there before may have seen all, and costs no pause then.
   * @returns what lets go of it; more than once does no harm. `stopped`: there are no turns any more.
   */
  readonly turn: (
    address: IpAddress,
    operator?: string,
    isNeeded?: () => boolean,
  ) => Promise<Turn | 'stopped' | 'not-needed'>;
  /** The server sent us away. @returns for how many milliseconds it is left alone. */
  readonly sentAway: (address: IpAddress) => number;
  /** Milliseconds for which the address is to be left alone, as it sent us away; 0 where it is not. */
  readonly restOf: (address: IpAddress) => number;
  /** Whether an address needs no pauses. */
  readonly isOurs: (address: IpAddress) => boolean;
  /** From now on nobody gets a turn; whoever has one goes on with it, to the last of its connections. */
  readonly stop: () => void;
}

/** An address that is held, for one connection after the other. */
export interface Turn {
  /** The last connection has ended: waits for the pause before a further one. */
  readonly again: () => Promise<void>;
  readonly release: () => void;
}

const NETWORK_FACTOR = 3;
/** Visits at the same time to hosts of one operator, each with its pauses: a sixth of what Postfix allows one client at one host. */
const OPERATOR_AT_ONCE = 8;
/** Connections at the same time into one range, whatever the names that lead there. */
const RANGE_AT_ONCE = 16;
const FIRST_REST_MS = 15 * 60_000;
const LONGEST_REST_MS = 24 * 60 * 60_000;

/** An address in its one spelling: a server that is reached by a mapped address too is the same server. */
type Server = IpAddress;

interface Rest {
  readonly until: number;
  readonly ms: number;
}

export function openPace({ gapMs, concurrency, isOurs, clock, sleep }: PaceTerms): Pace {
  /** When the address, or the network, may be called next. */
  const next = forgetful<number>((at, now) => at <= now);
  // One that sends us away again soon after is left alone for longer, so it is remembered beyond its end.
  const rests = forgetful<Rest>(({ until, ms }, now) => until + ms <= now);
  const addresses = keyedPermits(1);
  const networks = keyedPermits(1);
  const ranges = keyedPermits(RANGE_AT_ONCE);
  const operators = keyedPermits(OPERATOR_AT_ONCE);
  const doors = permitsOf(concurrency);
  const halt = new AbortController();

  /** @param signal ends the wait early. */
  async function pauseFor(server: Server, network: string, signal?: AbortSignal): Promise<void> {
    const isCut = (): boolean => signal?.aborted === true;
    while (!isCut()) {
      const ms = Math.max(next.get(server) ?? 0, next.get(network) ?? 0) - clock();
      if (ms <= 0) return;
      try {
        await sleep(ms, signal);
      } catch (error) {
        if (!isCut()) throw error;
      }
    }
  }

  /** One after the other waits for the pauses of a network; none of them has a place before they are over. */
  async function enter(server: Server, goesOn: boolean): Promise<void> {
    const first = goesOn ? 'first' : undefined;
    const network = gapMs === 0 ? undefined : networkOf(server);
    if (network !== undefined) {
      await networks.take(network, first);
      await pauseFor(server, network, goesOn ? undefined : halt.signal);
    }
    await ranges.take(rangeOf(server), first);
    await doors.take(first);
    if (network === undefined) return;
    // Counted from the call itself: whoever waited for a place has not called meanwhile.
    if (goesOn || !halt.signal.aborted) next.set(network, clock() + gapMs * NETWORK_FACTOR, clock());
    networks.give(network);
  }

  function leave(server: Server): void {
    if (gapMs > 0) next.set(server, clock() + gapMs, clock());
    ranges.give(rangeOf(server));
    doors.give();
  }

  return {
    async turn(address, named, isNeeded = () => true) {
      const server = serverOf(address);
      const free = isOurs(server);
      const operator = free ? undefined : named;
      const come = (goesOn: boolean): Promise<void> =>
        free ? doors.take(goesOn ? 'first' : undefined) : enter(server, goesOn);
      const go = (): void => (free ? doors.give() : leave(server));
      const giveAddress = (): void => {
        addresses.give(server);
        if (operator !== undefined) operators.give(operator);
      };
      if (operator !== undefined) await operators.take(operator);
      await addresses.take(server);
      if (!isNeeded()) {
        giveAddress();
        return 'not-needed';
      }
      await come(false);
      let over = false;
      const release = (): void => {
        if (over) return;
        over = true;
        go();
        giveAddress();
      };
      if (halt.signal.aborted) {
        release();
        return 'stopped';
      }
      const again = async (): Promise<void> => {
        go();
        await come(true);
      };
      return { again, release };
    },
    sentAway(address) {
      const server = serverOf(address);
      const now = clock();
      const ms = Math.min((rests.get(server)?.ms ?? FIRST_REST_MS / 2) * 2, LONGEST_REST_MS);
      rests.set(server, { until: now + ms, ms }, now);
      return ms;
    },
    restOf: (address) => Math.max(0, (rests.get(serverOf(address))?.until ?? 0) - clock()),
    isOurs,
    stop: () => halt.abort(),
  };
}

/** What an observer does between two connections to the same door: it waits, or stops where it has been sent away. */
export async function betweenVisits(
  pace: Pick<Pace, 'sentAway'>,
  turn: Pick<Turn, 'again'>,
  { address }: Pick<Endpoint, 'address'>,
  last: VisitEnd,
): Promise<'go' | 'stop'> {
  if (isSentAway(last)) {
    pace.sentAway(address);
    return 'stop';
  }
  await turn.again();
  return 'go';
}

/** Whether the server wants us to go: for now, or as it does not want us at all. */
export function isSentAway({ kind }: VisitEnd): boolean {
  return kind === 'throttled' || kind === 'blocked';
}
