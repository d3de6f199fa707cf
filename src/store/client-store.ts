/**
 * What is known of clients over restarts: what they have used of their quotas, and whether they come over TLS.
 *
 * Calls are synchronous, and every one may throw a {@link StoreError}, and has then changed nothing. Whoever calls gathers:
 * one commit every few seconds, never one for each message.
 */
import type { InboundKey, InboundRow } from '../policies/memory/inbound.ts';
import type { EpochMs } from '../policies/words.ts';

/** One window of one quota. */
export interface QuotaCount {
  /** Whose: `account anna`, `network 192.0.2.0/24`. */
  readonly subject: string;
  readonly period: 'hour' | 'day';
  /** When it began. */
  readonly since: EpochMs;
  readonly messages: number;
  readonly recipients: number;
}

export interface ClientStore {
  readonly quotas: {
    list(): readonly QuotaCount[];
    /**
     * In one commit: adds to each window what was counted since the last time, as other processes add to it, too, and removes
     * windows that have ended. A count whose window begins after the end of the one that is kept, or more than a minute before
     * its beginning (the clock was set back), takes its place.
     */
    add(counted: readonly QuotaCount[], now: EpochMs): void;
  };
  readonly inbound: {
    /** The one that was longest unused first. */
    list(): readonly InboundRow[];
    /** Those of which something was seen since then, in the same order. */
    seenSince(at: EpochMs): readonly InboundRow[];
    /**
     * In one commit.
     *
     * @param merged what is kept where another process, or this one before, has written of the same client and domain.
     */
    write(
      changed: readonly InboundRow[],
      gone: readonly InboundKey[],
      merged: (kept: InboundRow, row: InboundRow) => InboundRow,
    ): void;
  };
  close(): void;
}
