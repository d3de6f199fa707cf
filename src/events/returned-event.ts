/** What is said of mail that came back to an address of ours. */

export const returnedActions = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const;
export const returnedProofs = ['ours', 'old', 'forged', 'untagged'] as const;

/** Something came back to an address that takes bounces (`[bounces] addresses`). */
export interface ReturnedEvent {
  readonly event: 'returned';
  /** Of the message that came back, which is delivered on. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** Its envelope sender: empty of what mail servers write. */
  readonly from: string;
  /** The address that it came to. */
  readonly to: string;
  /** The bounce address itself. */
  readonly sender: string;
  /** Whom the mail was for that came back; null: nobody can be read out of it. */
  readonly recipient: string | null;
  /** Whether we made the address that it came to: `old` is more than three weeks ago, `untagged` proves nothing. */
  readonly proof: (typeof returnedProofs)[number];
  /** What the report says; null: it is no report, or says nothing of this recipient. */
  readonly action: (typeof returnedActions)[number] | null;
  /** `5.1.1`. */
  readonly status: string | null;
  /** What the last host said. */
  readonly diagnostic: string | null;
  readonly remoteMta: string | null;
  /** Who wrote the report. */
  readonly reportingMta: string | null;
  /** The ENVID of the message that came back. */
  readonly envelopeId: string | null;
  /** Whether it counts against the recipient (`[bounces] suppress_after`). */
  readonly counted: boolean;
  // No delivery is concerned. Every event has the same fields, so that a line can be read without looking which it is.
  readonly mx: null;
  readonly reply: null;
  readonly attempt: 0;
  readonly tls: null;
  readonly nextAttemptAt: null;
}

/** What there is to say of it. */
export type ReturnedFacts = Omit<
  ReturnedEvent,
  'event' | 'mx' | 'reply' | 'attempt' | 'tls' | 'nextAttemptAt'
>;

export function returnedEvent({ id, at, from, to, ...facts }: ReturnedFacts): ReturnedEvent {
  return {
    event: 'returned',
    id,
    at,
    from,
    to,
    mx: null,
    reply: null,
    attempt: 0,
    tls: null,
    nextAttemptAt: null,
    ...facts,
  };
}
