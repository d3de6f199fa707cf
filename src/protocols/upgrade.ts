/** What the client dialogues of all protocols that have STARTTLS take and come to. */
import type { TlsFacts } from '../wire/tls-facts.ts';

/** Judges the handshake before anything is said inside it. */
export type JudgeTls = (
  facts: TlsFacts,
) => { readonly kind: 'acceptable' } | { readonly kind: 'unacceptable'; readonly because: string };

/**
 * How an upgrade ended. What stands behind `because` follows the name of the server: "does not offer STARTTLS".
 *
 * A peer that breaks the protocol, injects or leaves is a PeerError instead.
 */
export type Upgraded =
  | {
      readonly kind: 'secured';
      readonly facts: TlsFacts;
      /** What was offered in clear, word for word: evidence, never acted on. */
      readonly clear: readonly string[];
      /** What is offered inside TLS; empty where the protocol asks for nothing before the first message. */
      readonly inside: readonly string[];
    }
  /** Nothing was said but what asks for capabilities. */
  | { readonly kind: 'notOffered'; readonly because: string }
  /** The server does not do it now, or not with us. */
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'tlsFailed'; readonly because: string }
  /** TLS is up, and nothing was said inside it. */
  | { readonly kind: 'unacceptable'; readonly facts: TlsFacts; readonly because: string };

export type NotUpgraded = Exclude<Upgraded, { kind: 'secured' }>;
