/** What a webhook is, once its files are read. */
import type { KeyObject } from 'node:crypto';
import type { EventFilter } from '../../events/webhook.ts';
import type { PostTarget } from '../../net/https-post.ts';

/** Signs as Standard Webhooks do: by HMAC-SHA256 (`v1`), or by Ed25519 (`v1a`). */
export type WebhookKey =
  | { readonly kind: 'hmac'; readonly secret: KeyObject }
  | { readonly kind: 'ed25519'; readonly key: KeyObject };

export interface Webhook {
  /** In commands, in the log and in the outbox. */
  readonly name: string;
  /** As configured. */
  readonly url: string;
  readonly target: PostTarget;
  readonly filter: EventFilter;
  /** At least one; while a key is exchanged there are two. */
  readonly keys: readonly WebhookKey[];
  /** Events of one request. */
  readonly batch: number;
  /** How long the first event of a request waits for others. */
  readonly batchWaitMs: number;
  /** For one request. */
  readonly timeoutMs: number;
  /** What waits and what is dead may be so much together, in octets. */
  readonly backlogOctets: number;
}
