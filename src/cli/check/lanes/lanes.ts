/**
 * Lanes: threads in which the targets of a long run are worked on, one for each core. Turns at doors, and what was seen there,
 * stay with the main thread, so that limits hold and everything is seen once however many there are.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Target } from '../../../findings/case.ts';
import type { Visits } from '../../../scanner/visits.ts';
import type { Place } from '../crowd.ts';
import { type Desk, openDesk } from './desk.ts';
import type { Done, FromLane, LaneTerms, ToLane } from './messages.ts';

export interface Lanes {
  /** undefined as long as none works. */
  readonly attempt: (target: Target, join: Place['join']) => Promise<Done> | undefined;
  readonly close: () => Promise<void>;
}

interface Lane {
  readonly desk: Desk;
  readonly isReady: () => boolean;
  readonly end: () => Promise<void>;
}

/** @param onNotice hears what is wrong with resolvers, from each lane. */
export function startLanes(
  count: number,
  terms: LaneTerms,
  visits: Visits,
  onNotice: (text: string) => void,
): Lanes {
  const lanes = Array.from({ length: count }, () => startLane(terms, visits, onNotice));
  return {
    attempt(target, join) {
      const ready = lanes.filter(({ isReady }) => isReady());
      const idlest = ready.toSorted((a, b) => a.desk.busy() - b.desk.busy())[0];
      return idlest?.desk.attempt(target, join);
    },
    async close() {
      await Promise.all(lanes.map(({ end }) => end()));
    },
  };
}

function startLane(terms: LaneTerms, visits: Visits, onNotice: (text: string) => void): Lane {
  const entry = new URL(`./lane${extname(import.meta.filename)}`, import.meta.url);
  const worker = new Worker(entry, { workerData: terms });
  const say = (message: ToLane): void => worker.postMessage(message, []);
  const desk = openDesk(say, visits, onNotice);
  let isReady = false;
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.on('message', (message: FromLane) => {
    if (message.kind === 'ready') isReady = true;
    else if (message.kind === 'failed') onNotice(message.because);
    else desk.hear(message);
  });
  worker.on('error', (error) => {
    desk.fail(error instanceof Error ? error : new Error(String(error)));
  });
  return {
    desk,
    isReady: () => isReady,
    async end() {
      say({ kind: 'end' });
      await ended;
    },
  };
}
