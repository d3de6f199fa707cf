/** So many at a time: the others wait in their order, and whoever goes on with something begun comes first. */
import { queueOf } from './queue.ts';

export interface Permits {
  /** Resolves once there is one. @param first before all that wait already. */
  readonly take: (first?: 'first') => Promise<void>;
  /** Gives back what was taken. */
  readonly give: () => void;
  /** Whether nobody has one, and nobody waits. */
  readonly isIdle: () => boolean;
}

export function permitsOf(count: number): Permits {
  let free = count;
  const goingOn = queueOf<() => void>();
  const waiting = queueOf<() => void>();
  return {
    take(first) {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        if (first === 'first') goingOn.put(resolve);
        else waiting.put(resolve);
      });
    },
    give() {
      const following = goingOn.take() ?? waiting.take();
      if (following === undefined) free += 1;
      else following();
    },
    isIdle: () => free === count,
  };
}

/** The same function, called so many times at once; whoever comes later waits. */
export function soManyAtOnce<Argument, Result>(
  count: number,
  call: (argument: Argument) => Promise<Result>,
): (argument: Argument) => Promise<Result> {
  const { take, give } = permitsOf(count);
  return async (argument) => {
    await take();
    try {
      return await call(argument);
    } finally {
      give();
    }
  };
}

export interface KeyedPermits {
  readonly take: (key: string, first?: 'first') => Promise<void>;
  readonly give: (key: string) => void;
}

/** So many at a time for each key; nothing is kept of keys that nobody holds. */
export function keyedPermits(count: number): KeyedPermits {
  const known = new Map<string, Permits>();
  return {
    take(key, first) {
      const permits = known.get(key) ?? permitsOf(count);
      known.set(key, permits);
      return permits.take(first);
    },
    give(key) {
      const permits = known.get(key);
      if (permits === undefined) return;
      permits.give();
      if (permits.isIdle()) known.delete(key);
    },
  };
}
