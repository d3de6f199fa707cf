/** What the primary does with what its workers tell. */
import type { PeerWord } from './peer-word.ts';
import { slotDesk } from './slot-desk.ts';

export interface Exchange {
  hear(word: PeerWord, from: number): void;
  /** The process of this worker has ended. */
  gone(worker: number): void;
}

export interface ExchangeParts {
  /** Numbers of those that run. */
  readonly workers: () => readonly number[];
  /** Loses what cannot be told. */
  readonly tell: (worker: number, word: PeerWord) => void;
}

/** What one finds where mail is held is passed on to the others; connections are lent out by {@link slotDesk}. */
export function openExchange({ workers, tell }: ExchangeParts): Exchange {
  const desk = slotDesk({ tell });
  return {
    hear(word, from) {
      if (word.kind === 'held-word') {
        for (const worker of workers()) if (worker !== from) tell(worker, word);
      } else desk.hear(word, from);
    },
    gone: (worker) => desk.gone(worker),
  };
}
