/**
 * How many connections are opened in a second: few at first, more as hosts answer.
 *
 * After a stop of ours, or where the network or a resolver was away, mail for thousands of destinations is due at the same
 * moment. All of them at once fill tables of firewalls and resolvers, and a network that has just come back goes again.
 */

export interface DialRate {
  /** Connections in a second, as of now. */
  readonly perSecond: number;
  /** Resolves when the next connection may be opened. */
  turn(most: number): Promise<void>;
  /** A host was there. */
  answered(): void;
  /** Nobody was. */
  missed(): void;
}

/** What is opened at once at the start, and in each second that follows while nobody has answered. */
const FIRST = 50;
/** So many in vain with none between that was answered are no dead hosts, of which there are always some: it is our network. */
const OUTAGE = 20;
/** After so long without a connection it begins anew. */
const FORGOTTEN_MS = 60_000;

/** @param now milliseconds of a clock that only goes forward. @param sleep waits so many. */
export function openDialRate(now: () => number, sleep: (ms: number) => Promise<void>): DialRate {
  let perSecond = FIRST;
  /** What may be opened at once; never more than a second's worth. Below 0: so many have their turn later. */
  let ready = FIRST;
  let countedAt = now();
  let inVain = 0;

  return {
    get perSecond() {
      return perSecond;
    },
    async turn(most) {
      const at = now();
      if (at - countedAt > FORGOTTEN_MS) perSecond = FIRST;
      perSecond = Math.min(perSecond, most);
      ready = Math.min(ready + ((at - countedAt) / 1000) * perSecond, perSecond);
      countedAt = at;
      ready -= 1;
      if (ready < 0) await sleep((-ready / perSecond) * 1000);
    },
    answered() {
      inVain = 0;
      perSecond += 1;
    },
    missed() {
      inVain += 1;
      if (inVain >= OUTAGE) perSecond = Math.min(perSecond, FIRST);
    },
  };
}
