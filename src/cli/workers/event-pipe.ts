/** The way of events from a worker to the event log of the primary: in batches, bounded, and none is left out. */
import type { LoggedEvent } from '../../events/delivery-event.ts';
import type { QueueStore } from '../../store/queue-store.ts';

export interface EventPipe {
  write(events: readonly LoggedEvent[]): void;
  /** The primary has taken lines of so many characters. */
  taken(characters: number): void;
  /** Nobody takes any more: the primary is gone. What its log lacks is in the trails of the queue. */
  broken(): void;
  /** undefined: there is room; else what to wait for before more is done of which events come. */
  room(): Promise<void> | undefined;
  /** Resolves once all are taken. */
  empty(): Promise<void>;
}

/** A batch is no older when it leaves. */
const WITHIN_MS = 10;
/** Characters of a batch. */
const BATCH = 64 * 1024;
/** Characters that are on their way or wait for it: some thousand events. */
const MOST_UNDER_WAY = 4 * 1024 * 1024;

/** @param send hands lines to the primary. */
export function eventPipe(send: (lines: string) => void, most = MOST_UNDER_WAY): EventPipe {
  let waiting = '';
  let underWay = 0;
  let isBroken = false;
  let timer: NodeJS.Timeout | undefined;
  let roomAgain: PromiseWithResolvers<void> | undefined;
  let allTaken: PromiseWithResolvers<void> | undefined;

  function leave(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === '' || isBroken) return;
    const lines = waiting;
    waiting = '';
    underWay += lines.length;
    send(lines);
  }

  function tell(): void {
    if (isBroken || waiting.length + underWay < most) {
      roomAgain?.resolve();
      roomAgain = undefined;
    }
    if (isBroken || waiting.length + underWay === 0) {
      allTaken?.resolve();
      allTaken = undefined;
    }
  }

  return {
    write(events) {
      if (isBroken) return;
      for (const event of events) waiting += `${JSON.stringify(event)}\n`;
      if (waiting.length >= BATCH) leave();
      else timer ??= setTimeout(leave, WITHIN_MS);
    },
    taken(characters) {
      // The last lines of a process may be acknowledged to the one that follows it.
      underWay = Math.max(0, underWay - characters);
      tell();
    },
    broken() {
      isBroken = true;
      waiting = '';
      tell();
    },
    room() {
      if (isBroken || waiting.length + underWay < most) return undefined;
      roomAgain ??= Promise.withResolvers();
      return roomAgain.promise;
    },
    empty() {
      leave();
      if (isBroken || underWay === 0) return Promise.resolve();
      allTaken ??= Promise.withResolvers();
      return allTaken.promise;
    },
  };
}

/** The same queue; where the log does not keep up, nothing is taken in and nothing tried until it does. */
export function inStep(store: QueueStore, room: EventPipe['room']): QueueStore {
  return {
    ...store,
    async accept(message) {
      await room();
      return store.accept(message);
    },
    async claim(request) {
      await room();
      return store.claim(request);
    },
  };
}

/** What stands in lines that a worker sent. */
export function eventsIn(lines: string): readonly LoggedEvent[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const event: LoggedEvent = JSON.parse(line);
      return event;
    });
}
