/**
 * How often policy hosts are called: many domains have theirs at the same provider, who did not ask for all of them at once.
 *
 * No pauses, as web servers are made for browsers that open six connections at a time; and an address that keeps us waiting for
 * nothing is left alone for a while, as a list may have thousands of domains that lead there.
 */
import type { IpAddress } from '../names/address.ts';
import type { CallPolicyHost, LeftAlone } from '../net/https.ts';
import { forgetful } from './forgetful.ts';
import { networkOf, serverOf } from './operator.ts';
import { keyedPermits, permitsOf } from './permits.ts';

/** What came of a call: `kept-waiting` is a failure that took long. */
export type Called = 'kept-waiting' | 'other';

export type Entry = { readonly kind: 'entered'; readonly leave: (called: Called) => void } | LeftAlone;

export interface PolicyCalls {
  /** Waits until the address may be called. */
  readonly enter: (address: IpAddress) => Promise<Entry>;
}

export interface PolicyCallTerms {
  /** Calls at the same time. */
  readonly concurrency: number;
  /** Whether an address is one of this host, or of a lab. */
  readonly isOurs: (address: IpAddress) => boolean;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
}

/** Calls at the same time into one network. */
const NETWORK_AT_ONCE = 4;
/** So many failures one after the other, each of which took so long, and the address is left alone for so long. */
const FAILURES = 3;
const LONG_MS = 5_000;
const REST_MS = 10 * 60_000;

interface Failures {
  readonly count: number;
  /** Until when they are remembered, which is how long the address is left alone where there are enough of them. */
  readonly until: number;
}

export function openPolicyCalls({ concurrency, isOurs, clock }: PolicyCallTerms): PolicyCalls {
  const networks = keyedPermits(NETWORK_AT_ONCE);
  const all = permitsOf(concurrency);
  const failures = forgetful<Failures>(({ until }, now) => until <= now);

  function count(server: IpAddress, called: Called): void {
    const now = clock();
    if (called === 'other') failures.delete(server);
    else failures.set(server, { count: (recent(server)?.count ?? 0) + 1, until: now + REST_MS }, now);
  }

  function recent(server: IpAddress): Failures | undefined {
    const known = failures.get(server);
    return known !== undefined && known.until > clock() ? known : undefined;
  }

  function restOf(server: IpAddress): LeftAlone | undefined {
    if ((recent(server)?.count ?? 0) < FAILURES) return undefined;
    const because = `${server} has kept this check waiting for policies ${FAILURES} times, for nothing, and is left alone for ten minutes`;
    return { kind: 'left-alone', because };
  }

  return {
    async enter(address) {
      const server = serverOf(address);
      const network = isOurs(server) ? undefined : networkOf(server);
      if (network !== undefined) await networks.take(network);
      const rest = network === undefined ? undefined : restOf(server);
      if (rest === undefined) await all.take();
      let over = false;
      const leave = (): void => {
        if (rest === undefined) all.give();
        if (network !== undefined) networks.give(network);
      };
      if (rest !== undefined) {
        leave();
        return rest;
      }
      return {
        kind: 'entered',
        leave(called) {
          if (over) return;
          over = true;
          count(server, called);
          leave();
        },
      };
    },
  };
}

/** Calls policy hosts as `calls` lets us. */
export function callingBy(calls: PolicyCalls, clock: () => number): CallPolicyHost {
  return async (address, call) => {
    const entry = await calls.enter(address);
    if (entry.kind === 'left-alone') return entry;
    const began = clock();
    let called: Called = 'kept-waiting';
    try {
      const outcome = await call();
      if (outcome.kind === 'answered' || clock() - began < LONG_MS) called = 'other';
      return outcome;
    } finally {
      entry.leave(called);
    }
  };
}
