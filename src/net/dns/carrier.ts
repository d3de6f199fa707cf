/** What carries single questions to a resolver and single answers back: TCP, TLS and HTTPS have this in common. */
import type { Query } from './query.ts';

/** What became of a query. */
export type Delivered =
  /** `ageSeconds`: for which it has been in a cache of HTTP already. */
  | { readonly kind: 'reply'; readonly message: Uint8Array; readonly ageSeconds: number }
  /** `because`: to be read behind the name of the resolver and a colon. */
  | { readonly kind: 'failed'; readonly because: string };

/** A query under way. */
export interface Parcel {
  /** What it still waits for, for whoever has no more time. */
  readonly waitsFor: 'a connection' | 'an answer';
  /** Nobody wants the answer any more. */
  forget(): void;
}

export interface Carrier {
  /**
   * Sends a query, or has it wait.
   *
   * @param settle called once at most, and not before this has returned; not any more after `forget` or `close`.
   * @returns undefined: too many wait already.
   */
  send(query: Query, settle: (delivered: Delivered) => void): Parcel | undefined;
  close(): Promise<void>;
}

/** So many queries may wait for their turn. */
export const MAX_WAITING = 50_000;
