/** What holds for one message beside its envelope: kept with it, and asked for at each attempt. */

/**
 * What the message itself says of TLS on its way.
 *
 * `requiretls`: REQUIRETLS stood at MAIL (RFC 8689 §2). `encrypt` and `authenticate`: whoever submitted it asked for that
 * level. `optional`: its header says `TLS-Required: No` (RFC 8689 §3).
 */
export type TlsWish = 'requiretls' | 'authenticate' | 'encrypt' | 'optional';

export interface MessageTerms {
  /** null: nothing. */
  readonly tls: TlsWish | null;
  /** Whether its sender wants to be told how it travelled to each recipient. */
  readonly tellOutcome: boolean;
  /** Who was logged in when it was submitted; null: nobody. */
  readonly account: string | null;
  /** Its `traceparent` (W3C Trace Context), handed through as it came; null: none. */
  readonly trace: string | null;
  /** Each copy names its recipient in its sender (VERP), with these two delimiters; null: it does not. */
  readonly verp: string | null;
}

export const noTerms: MessageTerms = {
  tls: null,
  tellOutcome: false,
  account: null,
  trace: null,
  verp: null,
};
