/** What is kept of webhooks: batches of events that wait to be sent, and those that could not be. */

/** One request that is to be made: the same octets under the same id each time. */
export interface NewBatch {
  readonly webhook: string;
  readonly id: string;
  readonly body: string;
  /** How many events the body has. */
  readonly events: number;
  /** Milliseconds since 1970, as all times here. All that the webhook was to be told before is kept with it. */
  readonly at: number;
  /** How much may be kept for this webhook; beyond it the oldest goes, dead letters first. */
  readonly mostOctets: number;
}

/** A batch that waits. */
export interface Batch extends Omit<NewBatch, 'mostOctets'> {
  /** Its place; what was handed in earlier has a smaller one. */
  readonly number: number;
  readonly attempts: number;
  readonly dueAt: number;
}

/** A batch that is not tried any more. */
export interface DeadLetter extends Pick<Batch, 'number' | 'id' | 'at' | 'events' | 'attempts'> {
  readonly deadAt: number;
  readonly because: string;
}

export interface Amount {
  readonly batches: number;
  readonly events: number;
}

/** What was given up as there was no room for it. */
export interface Dropped extends Amount {
  readonly webhook: string;
}

/** That a webhook gets nothing any more, as its receiver has said so. */
interface Ended {
  /** It holds for this address only. */
  readonly url: string;
  readonly at: number;
  readonly because: string;
}

export interface KeptOfWebhook {
  readonly webhook: string;
  readonly waiting: Amount & { readonly octets: number; readonly oldestAt: number | null };
  readonly dead: Amount & { readonly octets: number };
  readonly ended: Ended | null;
}

/** What an earlier process has left of a webhook. */
export interface LeftOfWebhook {
  readonly webhook: string;
  /** Up to here everything is kept, or was sent. */
  readonly reachedAt: number;
}

/** Calls may throw a StoreError, and have then changed nothing. */
export interface OutboxTable {
  /** Keeps all of them, or none; @returns what had to go. */
  add(batches: readonly NewBatch[]): readonly Dropped[];
  /** The oldest that waits. */
  head(webhook: string): Batch | null;
  /** It was sent. */
  done(number: number): void;
  /** It was not sent, and is tried again. */
  defer(number: number, next: Pick<Batch, 'attempts' | 'dueAt'>, because: string): void;
  /** Gives up one batch, or all that were made before a moment. */
  bury(webhook: string, which: Which, at: number, because: string): Amount;
  /** Dead letters wait again, as if they were new, before all others. */
  revive(webhook: string, at: number): Amount;
  end(webhook: string, ended: Ended): void;
  resume(webhook: string): void;
  kept(): readonly KeptOfWebhook[];
  /** @param after the number of the last one that is known. */
  dead(webhook: string, after: number, limit: number): readonly DeadLetter[];
  /** Removes dead letters that died before a moment. */
  forget(before: number): void;
  /** Webhooks of a process that has not closed this; those of one that has are not among them. */
  left(): readonly LeftOfWebhook[];
  /** Everything that these webhooks were to be told up to here is kept. */
  begin(webhooks: readonly string[], at: number): void;
  /** The process ends in order: nothing is missing. */
  complete(): void;
}

export type Which = { readonly number: number } | { readonly before: number };

/** The same from another thread. */
export type Outbox = {
  readonly [Name in keyof OutboxTable]: OutboxTable[Name] extends (...given: infer Given) => infer Result
    ? (...given: Given) => Promise<Result>
    : never;
} & { close(): Promise<void> };
