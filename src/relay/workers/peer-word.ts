/** What workers and their primary tell each other beside calls: nobody waits for an answer. */
import type { EventTls } from '../../events/delivery-event.ts';
import type { EpochMs } from '../../queue/delivery.ts';

export type PeerWord =
  /** A look at a destination where mail is held has found this; the primary tells it to the other workers. */
  | { readonly kind: 'held-word'; readonly destination: string; readonly found: HeldFinding }
  /** A worker has mail for a destination that takes fewer connections than there are workers, `limit` of them. */
  | { readonly kind: 'slot-ask'; readonly destination: string; readonly limit: number }
  /** The primary: the worker may have one connection there until it gives that back. */
  | { readonly kind: 'slot-given'; readonly destination: string }
  /** The primary: another worker waits for it. It is to be given back once it is not used, and begin nothing new after so long. */
  | { readonly kind: 'slot-wanted'; readonly destination: string; readonly withinMs: number }
  /** A worker has none any more. */
  | { readonly kind: 'slot-back'; readonly destination: string };

export type HeldFinding =
  | { readonly kind: 'blocked'; readonly at: EpochMs; readonly because: string }
  /** What is required can be had; `tls` is what the trail of freed mail has of it. */
  | { readonly kind: 'open'; readonly tls: EventTls };

/** The worker's end. */
export interface Peers {
  tell(word: PeerWord): void;
  onTold(listener: (word: PeerWord) => void): void;
}

/** Which of the processes that deliver mail this one is. */
export interface Part {
  /** From 0. */
  readonly index: number;
  /** How many there are, those included that only empty a queue that is not used any more. */
  readonly of: number;
}
