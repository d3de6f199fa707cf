/**
 * Lanes: threads in which the targets of a long run are worked on, one for each core. Turns at doors, and what was seen there,
 * stay with the main thread, so that limits hold and everything is seen once however many there are.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Target } from '../../../findings/case.ts';
import type { Place } from '../crowd.ts';
import type { Turns } from '../open.ts';
import { type Desk, openDesk } from './desk.ts';
import type { Done, FromLane, LaneTerms, ToLane } from './messages.ts';

export interface Lanes {
  /** Waits for the first lane. @returns a promise that rejects where a lane is lost: it may have been at a door. */
  readonly attempt: (target: Target, join: Place['join']) => Promise<Done>;
  readonly close: () => Promise<void>;
}

interface Lane {
  readonly desk: Desk;
  /** Resolves once it works. */
  readonly begun: Promise<void>;
  readonly isReady: () => boolean;
  readonly end: () => Promise<void>;
}

/** @param onNotice hears what is wrong with resolvers, from each lane. */
export function startLanes(
  count: number,
  terms: LaneTerms,
  turns: Turns,
  onNotice: (text: string) => void,
): Lanes {
  const lanes = Array.from({ length: count }, () => startLane(terms, turns, onNotice));
  const first = Promise.race(lanes.map(({ begun }) => begun));
  // It is told by whoever waits for it.
  first.catch(() => undefined);
  let begun = false;
  return {
    async attempt(target, join) {
      if (!begun) {
        await first;
        begun = true;
      }
      const idlest = lanes
        .filter(({ isReady }) => isReady())
        .reduce((one, other) => (other.desk.busy() < one.desk.busy() ? other : one));
      return idlest.desk.attempt(target, join);
    },
    async close() {
      await Promise.all(lanes.map(({ end }) => end()));
    },
  };
}

function startLane(terms: LaneTerms, turns: Turns, onNotice: (text: string) => void): Lane {
  const entry = new URL(`./lane${extname(import.meta.filename)}`, import.meta.url);
  const worker = new Worker(entry, { workerData: terms });
  const say = (message: ToLane): void => worker.postMessage(message, []);
  const desk = openDesk(say, turns, onNotice);
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  begun.promise.catch(() => undefined);
  let isReady = false;
  const fail = (error: Error): void => {
    begun.reject(error);
    desk.fail(error);
  };
  worker.on('message', (message: FromLane) => {
    if (message.kind === 'ready') {
      isReady = true;
      begun.resolve();
    } else if (message.kind === 'failed') fail(new Error(message.because));
    else desk.hear(message);
  });
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.once('exit', () => {
    fail(new Error('a thread of the check has ended before its time'));
    ended.resolve();
  });
  return {
    desk,
    begun: begun.promise,
    isReady: () => isReady,
    async end() {
      // One that still begins has nothing to finish.
      if (isReady) say({ kind: 'end' });
      else await worker.terminate();
      await ended.promise;
    },
  };
}
