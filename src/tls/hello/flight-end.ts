/** Why nothing more of a server's flight is read. */
import type { Alert } from './alerts.ts';
import { copy } from './octets.ts';

export type FlightEnd =
  /** A fatal one, or close_notify: the server is done with us. */
  | { readonly kind: 'alert'; readonly alert: Alert }
  /** Not an octet of TLS; the first of them. */
  | { readonly kind: 'not-tls'; readonly octets: Uint8Array }
  /** A rule is broken; the octets are the first of the record or message that does. */
  | { readonly kind: 'broken'; readonly because: string; readonly octets: Uint8Array }
  /** More than anybody has to say. */
  | { readonly kind: 'too-much'; readonly because: string };

/** Octets that are kept of what breaks a rule. */
export const MOST_EVIDENCE = 256;

export function broken(because: string, octets: Uint8Array): FlightEnd {
  return { kind: 'broken', because, octets: copy(octets.subarray(0, MOST_EVIDENCE)) };
}

export function tooMuch(because: string): FlightEnd {
  return { kind: 'too-much', because };
}
