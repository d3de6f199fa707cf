/** When a queue that no worker has any more can be removed. */
import type { EpochMs } from '../../queue/delivery.ts';
import type { QueueStore } from '../../store/queue-store.ts';

export interface EmptyingParts {
  readonly store: Pick<QueueStore, 'list' | 'purge'>;
  /** Requests that were carried out are known until then, though their messages are not; undefined: there are none. */
  readonly receiptsUntil: EpochMs | undefined;
  /** How long what is final is shown. */
  readonly keepFinalMs: () => number;
  readonly now: () => EpochMs;
  /** Called once. */
  readonly tell: () => void;
  readonly onError: (what: string, error: unknown) => void;
}

const LOOK_EVERY_MS = 1_000;

/** @returns what ends the look-out. */
export function tellWhenEmpty(parts: EmptyingParts): () => void {
  const { store, receiptsUntil, keepFinalMs, now, tell, onError } = parts;
  const look = async (): Promise<void> => {
    await store.purge(now() - keepFinalMs());
    // Whoever sends such a request again would have his message twice.
    if (receiptsUntil !== undefined && now() <= receiptsUntil) return;
    // Also what is final: it is shown.
    const [first] = await store.list({ which: 'all', most: 1 });
    if (first !== undefined) return;
    clearInterval(timer);
    tell();
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => onError('looking whether the queue is empty', error));
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
