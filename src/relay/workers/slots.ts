/** How many connections of ours a destination gets, where other processes have some, too: the worker's end. */
import type { Part, Peers } from './peer-word.ts';
import { shareOf } from './share.ts';

export interface Slots {
  /**
   * @param limit of all processes together.
   * @returns how many of them are this one's at the moment. Where that is none and may change, it is asked for, and `onGiven` is
   * called once it is there.
   */
  most(destination: string, limit: number): number;
  /** An attempt begins there, and ends. */
  begin(destination: string): void;
  end(destination: string): void;
  adjust(part: Part): void;
  close(): void;
}

export interface SlotsParts {
  readonly part: Part;
  readonly peers: Peers;
  readonly onGiven: () => void;
  /** Closes what is open there, then resolves. */
  readonly vacate: (destination: string) => Promise<void>;
}

interface Slot {
  /** `given`: ours. `wanted`: ours until it is not used, or its term ends. `leaving`: nothing new begins. */
  state: 'asked' | 'given' | 'wanted' | 'leaving';
  active: number;
  /** When others wait for it: until then something new may begin, on a clock that is never set. */
  term: number;
  /** When the last attempt ended, or the slot came. */
  idleSince: number;
}

/** A connection that nobody else waits for stays this long for the next message. */
const KEPT_IDLE_MS = 10_000;

export function openSlots({ part: initial, peers, onGiven, vacate }: SlotsParts): Slots {
  let part = initial;
  const slots = new Map<string, Slot>();

  async function leave(destination: string, slot: Slot): Promise<void> {
    slot.state = 'leaving';
    await vacate(destination);
    slots.delete(destination);
    peers.tell({ kind: 'slot-back', destination });
    // Whoever waits here asks again, behind those who wait elsewhere.
    onGiven();
  }

  peers.onTold((word) => {
    if (word.kind !== 'slot-given' && word.kind !== 'slot-wanted') return;
    const { destination } = word;
    const slot = slots.get(destination);
    if (slot === undefined) {
      // It was lent to a process before this one, or has just gone back; that is said once more, or nobody gets it any more.
      peers.tell({ kind: 'slot-back', destination });
      return;
    }
    if (word.kind === 'slot-given' && slot.state === 'asked') {
      slot.state = 'given';
      slot.idleSince = performance.now();
      onGiven();
    } else if (word.kind === 'slot-wanted' && slot.state === 'given') {
      slot.state = 'wanted';
      slot.term = performance.now() + word.withinMs;
      if (slot.active === 0) void leave(destination, slot);
    }
  });
  const sweep = setInterval(() => {
    const before = performance.now() - KEPT_IDLE_MS;
    for (const [destination, slot] of slots)
      if (slot.state === 'given' && slot.active === 0 && slot.idleSince < before)
        void leave(destination, slot);
  }, KEPT_IDLE_MS);
  sweep.unref();

  return {
    most(destination, limit) {
      if (limit >= part.of) return shareOf(limit, part);
      const slot = slots.get(destination);
      if (slot === undefined) {
        slots.set(destination, { state: 'asked', active: 0, term: Number.POSITIVE_INFINITY, idleSince: 0 });
        peers.tell({ kind: 'slot-ask', destination, limit });
        return 0;
      }
      return ['given', 'wanted'].includes(slot.state) && performance.now() < slot.term ? 1 : 0;
    },
    begin(destination) {
      const slot = slots.get(destination);
      if (slot !== undefined) slot.active += 1;
    },
    end(destination) {
      const slot = slots.get(destination);
      // Where the limit was another one when it began it was not counted.
      if (slot === undefined || slot.active === 0) return;
      slot.active -= 1;
      slot.idleSince = performance.now();
      // The next attempt begins before that, where there is one.
      queueMicrotask(() => {
        if (slot.active === 0 && slot.state === 'wanted') void leave(destination, slot);
      });
    },
    adjust(changed) {
      part = changed;
    },
    close() {
      clearInterval(sweep);
    },
  };
}

/** All of it, where there is one process. */
export const allSlots: Slots = {
  most: (_, limit) => limit,
  begin: () => undefined,
  end: () => undefined,
  adjust: () => undefined,
  close: () => undefined,
};
