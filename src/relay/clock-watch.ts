/** Notices that the clock of the day was set back: what the queue has put off would wait until it has come up again. */
import type { EpochMs } from '../queue/delivery.ts';
import type { Schedule } from '../queue/schedule.ts';
import type { QueueStore } from '../store/queue-store.ts';

/** @returns by how many ms it was set back since the look before, or since the queue was written; 0: it was not. */
export type ClockWatch = (
  now: EpochMs,
  store: Pick<QueueStore, 'nextDue' | 'pauses'>,
  schedule: Schedule,
) => Promise<number>;

/** Clocks are set right by less than this all the time, and it makes nobody wait. */
const TOLERANCE_MS = 5_000;

/**
 * The first look goes by the queue, as the clock may have been set back while nobody looked: nothing is put off for longer
 * than the schedule's longest delay, except by an operator's pause. What is due first is due now then.
 */
export function clockWatch(): ClockWatch {
  let last: EpochMs | undefined;
  return async (now, store, schedule) => {
    const before = last;
    last = now;
    if (before !== undefined) return isFar(before - now) ? before - now : 0;
    const due = await store.nextDue();
    if (due === undefined || due - now <= longestDelay(schedule) || !isFar(due - now)) return 0;
    const pauses = await store.pauses(now);
    return pauses.some(({ until }) => until === due) ? 0 : due - now;
  };
}

function isFar(ms: number): boolean {
  return ms >= TOLERANCE_MS;
}

function longestDelay({ retryAfterMs, jitter }: Schedule): number {
  return Math.max(...retryAfterMs) * (1 + jitter);
}
