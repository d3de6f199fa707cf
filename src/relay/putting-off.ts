/**
 * Puts off mail for destinations that rest, a little at a time.
 *
 * Each recipient of it is a row to be written, as one that is delivered to is, and all of them come due together: six
 * hundred thousand for one dead host would stand in the way of everybody else's mail. So one small lot is recorded at a
 * time, and after it the others have nine times as long for themselves.
 */
import type { Alarm } from './pace.ts';

export type Turn =
  /** It is this claim's turn; `leave` once it is recorded. */
  | { readonly kind: 'go'; readonly leave: () => void }
  /** The claim is given back, and is not the caller's any more. */
  | { readonly kind: 'recalled' }
  | { readonly kind: 'closing' };

export interface PuttingOff {
  enter(fence: number, recipients: number): Promise<Turn>;
  /** Sends away who waits. @returns the fences of their claims, to be given back. */
  recall(): number[];
  /** Sends away who waits, and whoever still comes. */
  close(): void;
}

/** Recipients of one lot, if it is not a single claim that has more. */
const LOT = 100;
const REST_TIMES = 9;
const LONGEST_REST_MS = 1_000;
/** Who comes then does not wait: claims that wait here take the places of others (`MAX_PARKED` in delivery.ts). */
const MOST_WAITING = 200;

interface Waiting {
  readonly fence: number;
  readonly recipients: number;
  readonly admit: (turn: Turn) => void;
}

/** @param clock milliseconds that only grow. */
export function startPuttingOff(clock: () => number, alarm: Alarm): PuttingOff {
  const waiting: Waiting[] = [];
  /** Claims of the lot that are not recorded yet. */
  let inHand = 0;
  let began = 0;
  let isResting = false;
  let closing = false;

  function next(): void {
    if (inHand > 0 || isResting || waiting.length === 0) return;
    began = clock();
    for (let recipients = 0; recipients < LOT; inHand++) {
      const first = waiting.shift();
      if (first === undefined) break;
      recipients += first.recipients;
      first.admit({ kind: 'go', leave: leaveOnce() });
    }
  }

  function leaveOnce(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inHand -= 1;
      if (inHand > 0) return;
      isResting = true;
      alarm(Math.min((clock() - began) * REST_TIMES, LONGEST_REST_MS), () => {
        isResting = false;
        next();
      });
    };
  }

  function sendAway(turn: Turn): number[] {
    const all = waiting.splice(0);
    for (const { admit } of all) admit(turn);
    return all.map(({ fence }) => fence);
  }

  return {
    enter(fence, recipients) {
      if (closing) return Promise.resolve({ kind: 'closing' });
      if (waiting.length >= MOST_WAITING) return Promise.resolve({ kind: 'go', leave: () => undefined });
      return new Promise((admit) => {
        waiting.push({ fence, recipients, admit });
        next();
      });
    },
    recall: () => sendAway({ kind: 'recalled' }),
    close() {
      closing = true;
      sendAway({ kind: 'closing' });
    },
  };
}
