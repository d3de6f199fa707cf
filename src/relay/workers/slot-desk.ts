/**
 * Connections to destinations that take fewer of them than there are workers: the primary lends them out.
 *
 * Each worker has one at most; while others wait, for as long as it uses it, and for a term at most. What a worker had is free again when its process ends, as its
 * connections have ended with it.
 */
import type { PeerWord } from './peer-word.ts';

export interface SlotDesk {
  /** Every word of a worker; those that are not about connections are passed over. */
  hear(word: PeerWord, worker: number): void;
  /** Its process has ended. */
  gone(worker: number): void;
  /** How many destinations somebody has, or waits for. */
  readonly size: number;
}

export interface SlotDeskParts {
  readonly tell: (worker: number, word: PeerWord) => void;
  /** How long one may keep a connection that others wait for, by default 5,000 ms: shorter ones cost more greetings than mail. */
  readonly termMs?: number;
}

interface Lent {
  limit: number;
  /** When each of them got it, on a clock that is never set; the first is the one that has it longest. */
  readonly holders: Map<number, number>;
  readonly line: Set<number>;
  /** Those who know that others wait. */
  readonly recalled: Set<number>;
}

const TERM_MS = 5_000;

export function slotDesk({ tell, termMs = TERM_MS }: SlotDeskParts): SlotDesk {
  const all = new Map<string, Lent>();

  function turn(destination: string, lent: Lent): void {
    for (const worker of lent.line) {
      if (lent.holders.size >= lent.limit) break;
      lent.line.delete(worker);
      lent.holders.set(worker, performance.now());
      tell(worker, { kind: 'slot-given', destination });
    }
    if (lent.holders.size === 0) all.delete(destination);
    else recall(destination, lent);
  }

  /** As many as others wait for, those first that have had theirs longest. */
  function recall(destination: string, lent: Lent): void {
    for (const [worker, since] of lent.holders) {
      if (lent.line.size <= lent.recalled.size) return;
      if (lent.recalled.has(worker)) continue;
      lent.recalled.add(worker);
      const withinMs = Math.max(0, since + termMs - performance.now());
      tell(worker, { kind: 'slot-wanted', destination, withinMs });
    }
  }

  function ask(worker: number, destination: string, limit: number): void {
    const known = all.get(destination);
    const lent = known ?? {
      limit,
      holders: new Map<number, number>(),
      line: new Set<number>(),
      recalled: new Set<number>(),
    };
    if (known === undefined) all.set(destination, lent);
    // A new configuration may have come to one worker before the others.
    lent.limit = limit;
    if (lent.holders.has(worker)) {
      // Whoever has it does not ask: what its process said last came after its end, and this is the next one.
      lent.holders.set(worker, performance.now());
      lent.recalled.delete(worker);
      tell(worker, { kind: 'slot-given', destination });
    } else lent.line.add(worker);
    turn(destination, lent);
  }

  function back(worker: number, destination: string): void {
    const lent = all.get(destination);
    if (lent === undefined) return;
    lent.holders.delete(worker);
    lent.recalled.delete(worker);
    turn(destination, lent);
  }

  return {
    hear(word, worker) {
      if (word.kind === 'slot-ask') ask(worker, word.destination, word.limit);
      else if (word.kind === 'slot-back') back(worker, word.destination);
    },
    gone(worker) {
      for (const [destination, lent] of all) {
        lent.line.delete(worker);
        back(worker, destination);
      }
    },
    get size() {
      return all.size;
    },
  };
}
