/**
 * How much is begun at the same time: as much as this thread can look after.
 *
 * A thread that is busy all the time hears answers late, and what comes in time would be told as a resolver or a server that
 * does not answer. So more is begun only as long as the thread has time left, and less as soon as it has none.
 */
import { queueOf } from '../../scanner/queue.ts';

export interface Breath {
  /** Does it once there is room for it. */
  readonly through: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export interface BreathParts {
  /** How much of the time since it was last asked this thread was busy: 0 to 1. */
  readonly busy: () => number;
  /** Calls it again and again. @returns what ends that. */
  readonly every: (ms: number, look: () => void) => () => void;
}

/** So many are begun in any case. */
const LEAST = 32;
const LOOK_EVERY_MS = 50;
const BUSY = 0.95;
const MORE = 1.25;
const FEWER = 0.75;

export function openBreath({ busy, every }: BreathParts): Breath {
  let allowed = LEAST;
  let underWay = 0;
  let stop: (() => void) | undefined;
  const waiting = queueOf<() => void>();

  function begin(): void {
    while (underWay < allowed) {
      const next = waiting.take();
      if (next === undefined) break;
      underWay += 1;
      next();
    }
    if (waiting.size() > 0) stop ??= every(LOOK_EVERY_MS, look);
    else if (stop !== undefined) {
      stop();
      stop = undefined;
    }
  }

  function look(): void {
    if (busy() >= BUSY) allowed = Math.max(LEAST, Math.floor(allowed * FEWER));
    // Only what is needed: who has never waited for so many shall not begin them all at once later.
    else if (underWay >= allowed) allowed = Math.ceil(allowed * MORE);
    begin();
  }

  return {
    async through(work) {
      await new Promise<void>((resolve) => {
        waiting.put(resolve);
        begin();
      });
      try {
        return await work();
      } finally {
        underWay -= 1;
        begin();
      }
    },
  };
}

/** That of this thread. */
export function breathOfThread(): Breath {
  let last = performance.eventLoopUtilization();
  return openBreath({
    busy() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    every(ms, look) {
      const timer = setInterval(look, ms);
      return () => clearInterval(timer);
    },
  });
}
