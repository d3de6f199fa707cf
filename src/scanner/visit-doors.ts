/** Visits the doors of one target, a few at a time, and for no longer than one target is worth. */
import { connectionBudget } from '../findings/endpoint.ts';
import type { Observation } from '../findings/observation.ts';
import type { Recording } from '../findings/recording.ts';
import type { IpAddress } from '../names/address.ts';
import type { Observer } from './observe.ts';
import { operatorOf, serverOf } from './operator.ts';
import { permitsOf } from './permits.ts';
import { type Plan, type SkippedDoor, skippedDoor } from './plans.ts';
import type { Look, Visits } from './visits.ts';

export interface DoorParts {
  readonly observer: Pick<Observer, 'observe'>;
  readonly visits: Visits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Visited = Pick<Recording, 'observations' | 'skipped'>;

/** Doors of one target that are visited at the same time. */
const DOORS_AT_ONCE = 8;
/** All connections to the doors of one target together, pauses and waiting for a turn not counted; then no further one is visited. */
const MOST_SPENT_MS = 15 * 60_000;

/** @returns what was seen by us or by others; `stopped` where that is not to be waited for. */
export async function visitDoors(
  plans: readonly Plan[],
  parts: DoorParts,
  { everySuite = false }: { readonly everySuite?: boolean },
): Promise<Visited | 'stopped'> {
  const observations: Observation[] = [];
  const skipped: SkippedDoor[] = [];
  let stopped = false;
  let spentMs = 0;
  const places = permitsOf(DOORS_AT_ONCE);
  const isListed = everySuite ? oneAddress() : () => false;
  const spent = (ms: number): void => {
    spentMs += Math.max(0, ms);
  };

  async function visit(plan: Plan): Promise<void> {
    const { door, how } = plan;
    const { endpoint, host } = door;
    if (spentMs >= MOST_SPENT_MS) {
      const because = `connections to other doors of this target took ${MOST_SPENT_MS / 60_000} minutes, and this one was not visited`;
      skipped.push(skippedDoor(door, { kind: 'too-many', because, retryAt: null }));
      return;
    }
    const way = { endpoint, how, operator: operatorOf(host) };
    const seeing = await parts.visits.seeing(way, lookAt(plan, isListed, parts, spent));
    switch (seeing.kind) {
      case 'seen':
        observations.push(seeing.observation);
        return;
      case 'resting': {
        const because = `${endpoint.address} has sent us away, and is left alone`;
        skipped.push(skippedDoor(door, { kind: 'throttled', because, retryAt: parts.now() + seeing.ms }));
        return;
      }
      case 'too-many': {
        const { because, ms } = seeing;
        skipped.push(skippedDoor(door, { kind: 'too-many', because, retryAt: parts.now() + ms }));
        return;
      }
      case 'stopped':
        stopped = true;
    }
  }

  await Promise.all(
    plans.map(async (plan) => {
      await places.take();
      try {
        await visit(plan);
      } finally {
        places.give();
      }
    }),
  );
  return stopped ? 'stopped' : { observations, skipped };
}

/** The first that asks: a name may lead to the addresses of many others, and each list takes a hundred connections. */
function oneAddress(): (address: IpAddress) => boolean {
  let listed: IpAddress | undefined;
  return (address) => {
    listed ??= serverOf(address);
    return listed === serverOf(address);
  };
}

/** @param spent hears how many milliseconds each connection took. */
function lookAt(
  { door: { endpoint }, how }: Plan,
  isListed: (address: IpAddress) => boolean,
  { observer, now }: Pick<DoorParts, 'observer' | 'now'>,
  spent: (ms: number) => void,
): Look {
  return async (between, depth) => {
    let since = now();
    try {
      return await observer.observe(endpoint, {
        ...how,
        depth,
        everySuite: () => depth === how.depth && isListed(endpoint.address),
        budget: connectionBudget[depth],
        async between(last) {
          spent(now() - since);
          const answer = await between(last);
          since = now();
          return answer;
        },
      });
    } finally {
      spent(now() - since);
    }
  };
}
