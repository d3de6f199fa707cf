/** The kinds of senders whose delivery is simulated, and what mail comes to with each. */

/**
 * `postfix-may`: opportunistic, no policy is looked at. `postfix-dane`: DANE where there is any, else opportunistic, as
 * Postfix at `dane`. `mta-sts`: MTA-STS and no DANE, as the large webmail services. `exchange`: DANE and MTA-STS. `requiretls`:
 * a message with REQUIRETLS (RFC 8689). `tls13-only`: as exchange, and nothing below TLS 1.3. `pq-client`: as exchange, with
 * the large ClientHello of a hybrid key exchange.
 */
export const senders = [
  'postfix-may',
  'postfix-dane',
  'mta-sts',
  'exchange',
  'requiretls',
  'tls13-only',
  'pq-client',
] as const;
export type Sender = (typeof senders)[number];

/** What becomes of a message. `unknown`: what was seen does not say. */
export type SimulatedOutcome =
  | 'authenticated'
  | 'encrypted'
  | 'cleartext'
  | 'deferred'
  | 'bounced'
  | 'unknown';

/** With the sentence that says why. */
export interface Simulated {
  readonly outcome: SimulatedOutcome;
  readonly because: string;
  /** The host that takes it; null where none does. */
  readonly host: string | null;
}
