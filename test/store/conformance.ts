/** What every implementation of {@link QueueStore} promises. */
import { describe } from 'node:test';
import type { QueueStore } from '../../src/store/queue-store.ts';
import { acceptConforms } from './conformance/accept.ts';
import { claimConforms } from './conformance/claim.ts';
import { holdsConform } from './conformance/holds.ts';
import { operatorConforms } from './conformance/operator.ts';
import { pauseConforms } from './conformance/pause.ts';
import { receiptConforms } from './conformance/receipt.ts';
import { settleConforms } from './conformance/settle.ts';

/** One store under test, empty at first. */
export interface Harness {
  readonly store: QueueStore;
  /** Where content is written before it is accepted as a file. */
  readonly incoming: string;
  /** Closes the store that is open and opens what it has kept, as a new process would. */
  reopen(): Promise<QueueStore>;
  destroy(): Promise<void>;
}

/** Runs a test on a store of its own. */
export type WithStore = (test: (harness: Harness) => Promise<void>) => () => Promise<void>;

export function queueStoreConforms(name: string, open: () => Promise<Harness>): void {
  const withStore: WithStore = (test) => async () => {
    const harness = await open();
    try {
      await test(harness);
    } finally {
      await harness.destroy();
    }
  };
  describe(name, () => {
    acceptConforms(withStore);
    receiptConforms(withStore);
    claimConforms(withStore);
    settleConforms(withStore);
    operatorConforms(withStore);
    pauseConforms(withStore);
    holdsConform(withStore);
  });
}
