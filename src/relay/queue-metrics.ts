/** Shows recipients in the queue by state, for Prometheus. */
import { Gauge, type Registry } from 'prom-client';
import { type QueueStates, queueStates } from '../store/queue-states.ts';

export interface QueueStateParts {
  readonly registry: Registry;
  /** Walks through the whole queue. */
  readonly read: () => Promise<QueueStates>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The figures could not be read. */
  readonly onError: (error: unknown) => void;
}

const EVERY_MS = 10_000;
/** The walk gets no more than this share of the time, so that a queue of millions is read less often. */
const SHARE = 1 / 50;
/** Whoever looks waits this long for new figures, and is shown the last ones then. */
const PATIENCE_MS = 1_000;

export function showQueueStates({ registry, read, now, onError }: QueueStateParts): void {
  const registers = [registry];
  let known: QueueStates | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function readAnew(): Promise<void> {
    const begun = performance.now();
    try {
      known = await read();
    } catch (error) {
      known = undefined;
      onError(error);
    }
    nextAt = now() + Math.max(EVERY_MS, (performance.now() - begun) / SHARE);
    reading = undefined;
  }

  /** Both gauges ask side by side: the first of them reads. */
  async function upToDate(): Promise<QueueStates | undefined> {
    const at = now();
    // A clock that was set back is no reason to show old figures for long.
    const isOld = at >= nextAt || nextAt - at > EVERY_MS + PATIENCE_MS / SHARE;
    if (reading === undefined && isOld) reading = readAnew();
    if (reading !== undefined) await within(PATIENCE_MS, reading);
    return known;
  }

  const recipients = new Gauge({
    name: 'waxwing_queue_recipients',
    help: 'Recipients that are not final, by state: waiting (not tried yet), deferred, held-tls, held (by an operator).',
    labelNames: ['state'],
    registers,
    async collect() {
      const states = await upToDate();
      recipients.reset();
      if (states === undefined) return;
      for (const state of queueStates) recipients.set({ state }, states[state].recipients);
    },
  });
  const oldest = new Gauge({
    name: 'waxwing_queue_state_oldest_seconds',
    help: 'Age of the oldest message with a recipient in this state; 0 where there is none.',
    aggregator: 'max',
    labelNames: ['state'],
    registers,
    async collect() {
      const states = await upToDate();
      oldest.reset();
      if (states === undefined) return;
      for (const state of queueStates) {
        const { oldestSince } = states[state];
        oldest.set({ state }, oldestSince === null ? 0 : Math.max(0, (now() - oldestSince) / 1000));
      }
    },
  });
}

/** Shows how many attempts are being made just now. @param active asked when somebody looks. */
export function showAttempts(registry: Registry, active: () => number): void {
  const attempts: Gauge = new Gauge({
    name: 'waxwing_delivery_attempts',
    help: 'Attempts that are being made just now; each has one message for one destination.',
    registers: [registry],
    collect() {
      attempts.set(active());
    },
  });
}

function within(ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
