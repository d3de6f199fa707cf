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
    /** In one commit; each count takes the place of the one of its subject and period. */
    write(changed: readonly QuotaCount[], ended: readonly Pick<QuotaCount, 'subject' | 'period'>[]): void;
  };
  readonly inbound: {
    /** The one that was longest unused first. */
    list(): readonly InboundRow[];
    /** In one commit; each row takes the place of the one of its client and domain. */
    write(changed: readonly InboundRow[], gone: readonly InboundKey[]): void;
  };
  close(): void;
}
