/** What a notification to the sender says, before it is written down. */
import { printable } from './field.ts';

/**
 * The Action of RFC 3464 §2.3.3.
 *
 * `relayed`: handed to a host that will not tell of success itself; `delivered`: it is in the mailbox; `expanded`: it goes on
 * to several mailboxes, of whose success nothing is told.
 */
export type NotificationKind = 'failed' | 'delayed' | 'relayed' | 'delivered' | 'expanded';

/** All moments are milliseconds since 1970-01-01T00:00:00Z. */
export interface Notification {
  readonly kind: NotificationKind;
  /** Our own name. */
  readonly hostname: string;
  /** The sender of the original message; never the null sender, who gets no notifications (RFC 5321 §6.1). */
  readonly to: string;
  /** Our id of the original message. */
  readonly id: string;
  /** The sender's own id of it: ENVID as sent, in xtext; null where it gave none. */
  readonly envelopeId: string | null;
  /** When we took the original message. */
  readonly arrivedAt: number;
  readonly now: number;
  /** Delayed only: when the message is given up; otherwise null. */
  readonly retryUntil: number | null;
  /** Relayed only: whether the next host reports what becomes of it there, as the sender asked. */
  readonly nextReports: boolean;
  /** At least one. */
  readonly recipients: readonly NotifiedRecipient[];
  readonly original: Original;
}

/** How a message travelled to one recipient, or has to travel. */
export interface Travel {
  /** null: it has not been sent. */
  readonly outcome: 'authenticated' | 'encrypted' | 'cleartext' | null;
  readonly required: 'none' | 'encrypt' | 'authenticate';
  /** The layer that required it. */
  readonly by: string;
  /** Such as `TLSv1.3`; null: no TLS. */
  readonly version: string | null;
  /** One sentence: the evidence. */
  readonly because: string;
}

/** What is given back of the original message. */
export type Original =
  /** The header section; `message` is the whole message or its beginning. */
  | {
      readonly kind: 'headers';
      readonly message: Uint8Array;
      /** Where the sender asked for all of it: one sentence, why it is not here; otherwise null. */
      readonly whyNotAll: string | null;
    }
  /** All of it: 7-bit, lines of at most 998 octets. */
  | { readonly kind: 'full'; readonly message: Uint8Array };

export interface NotifiedRecipient {
  readonly address: string;
  /** ORCPT as sent, such as `rfc822;anna@example.test`, the address in xtext; null where there was none. */
  readonly originalRecipient: string | null;
  /** Enhanced status code (RFC 3463), e.g. `5.1.1`; one of another class than the kind's is told as `x.0.0`. */
  readonly status: string;
  /** One sentence: what happened. */
  readonly because: string;
  /** The host that was asked last, or null where none was reached. */
  readonly remote: { readonly host: string; readonly address: string | null } | null;
  /** What that host replied, as it wrote it, or null where it did not. */
  readonly reply: { readonly code: number; readonly enhanced: string | null; readonly text: string } | null;
  /** Told of what arrived, and of the rest where the sender asked for it; otherwise null. */
  readonly travel: Travel | null;
  /** Where the required TLS could not be had: one sentence that says why. */
  readonly tls: string | null;
  readonly lastAttemptAt: number | null;
  /** Delayed only: when it is tried next; otherwise null. */
  readonly nextAttemptAt: number | null;
}

/** Characters of a reply, or of a sentence, that a notification repeats. */
export const LONGEST_TEXT = 1_000;
/** More than any mailbox (RFC 5321 §4.5.3.1.3: 256 octets for a path) or host name has. */
export const LONGEST_ADDRESS = 320;

/** A reply on one line: `550 5.1.1 No such user`. */
export function replyText(reply: NonNullable<NotifiedRecipient['reply']>): string {
  const enhanced = reply.enhanced === null ? '' : `${reply.enhanced} `;
  return printable(`${reply.code} ${enhanced}${reply.text}`, LONGEST_TEXT);
}
