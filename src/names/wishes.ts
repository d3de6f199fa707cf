/**
 * What a sender asked to be told about a message, as it stands in the envelope.
 *
 * RFC 3461 §4: it goes on with the message unchanged to a host that knows DSN.
 */

export type NotifyCondition = 'success' | 'failure' | 'delay';

/** The parameters of MAIL. */
export interface SenderWishes {
  /** How much of a failed message to give back; null: not said. */
  readonly ret: 'full' | 'headers' | null;
  /** ENVID as sent, in xtext; null: not said. */
  readonly envelopeId: string | null;
}

/** The parameters of RCPT. */
export interface RecipientWishes {
  /** Empty: never. null: not said, which means failure, and delay if the host likes (RFC 3461 §4.1). */
  readonly notify: readonly NotifyCondition[] | null;
  /** ORCPT as sent, such as `rfc822;anna@example.test`, the address in xtext; null: not said. */
  readonly originalRecipient: string | null;
}

export const noSenderWishes: SenderWishes = { ret: null, envelopeId: null };
export const noRecipientWishes: RecipientWishes = { notify: null, originalRecipient: null };
