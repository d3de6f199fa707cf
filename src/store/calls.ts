/** What travels between the callers of the store and the one who carries their calls out. */
import type { QueueStore } from './queue-store.ts';
import type { StoreErrorCode } from './store-error.ts';

type Operation = Exclude<keyof QueueStore, 'close'>;

/** A queue whose every operation is done when it returns; one commit is made around many of them. */
export type Operations = {
  readonly [Name in Operation]: (
    argument: Parameters<QueueStore[Name]>[0],
  ) => Awaited<ReturnType<QueueStore[Name]>>;
};

/** One call, as plain data. */
export type Call<Name extends Operation = Operation> = {
  readonly [Each in Name]: { readonly name: Each; readonly argument: Parameters<Operations[Each]>[0] };
}[Name];

/** What some operation returns. */
export type Answered = ReturnType<Operations[Operation]>;

/** What became of a call. An error travels as data: structured cloning drops an error's own fields. */
export type Answer =
  | { readonly kind: 'done'; readonly value: Answered }
  | { readonly kind: 'failed'; readonly code: StoreErrorCode; readonly message: string };

/** Carries out calls in their order, in one commit, and answers each in its place. */
export interface Committer {
  /** @throws StoreError when no call of this batch, and none after it, can be carried out. */
  commit(calls: readonly Call[]): Promise<readonly Answer[]>;
  close(): Promise<void>;
}

/** How many messages one `purge` call forgets at most: new mail must not wait behind a million deletions. */
export const PURGE_STEP = 500;
