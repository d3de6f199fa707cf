/**
 * What is known of clients over restarts: what they have used of their quotas, whether they come over TLS, and to whom
 * their mail does not arrive.
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

/** One message that came back for good. */
export interface Bounce {
  /** The recipient in lower case: its host may keep cases apart, but those who bounce lose them. */
  readonly address: string;
  readonly at: EpochMs;
  /** `5.1.1`. */
  readonly status: string;
  /** What the host said, one line; null: it is not known. */
  readonly diagnostic: string | null;
}

export interface SuppressionRule {
  /** At least one. */
  readonly after: number;
  readonly withinMs: number;
}

/** A recipient whose mail has come back for good. */
export interface Suppression {
  readonly address: string;
  /** Of the last ones that count, the oldest first. */
  readonly times: readonly EpochMs[];
  readonly status: string;
  readonly diagnostic: string | null;
  /** null: mail for it is still taken. */
  readonly suppressedAt: EpochMs | null;
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
  readonly suppressions: {
    of(address: string): Suppression | undefined;
    /**
     * In one commit; `after` of them within `withinMs` suppress their recipient, from the last of them on.
     *
     * @returns those that are suppressed since just now.
     */
    add(bounces: readonly Bounce[], rule: SuppressionRule): readonly Suppression[];
    /** Those that are suppressed, by address; `after`: behind this one. */
    list(request: { readonly after: string; readonly most: number }): readonly Suppression[];
    /** How many there are. */
    count(): number;
    /** @returns whether it was there. */
    lift(address: string): boolean;
    /** Forgets those that were never suppressed and have not come back since. */
    forget(before: EpochMs): void;
  };
  close(): void;
}
