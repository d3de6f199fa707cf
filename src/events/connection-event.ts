/** What a gateway says about a connection, once it has ended. */
import type { TlsOutcome } from '../policies/words.ts';

/** Who or what ended a connection. */
export const connectionEnds = [
  'client',
  'backend',
  'protocol',
  'tls',
  'unreachable',
  'timeout',
  'stop',
] as const;

type ConnectionEnd = (typeof connectionEnds)[number];

/** The TLS session with the client (front), or with the backend (reverse). */
export interface ConnectionTls {
  /** How the client's octets travelled; null where none were passed on. */
  readonly outcome: TlsOutcome | null;
  readonly version: string | null;
  readonly cipher: string | null;
  /** null for sessions that we accepted. */
  readonly group: string | null;
  /** The name that was asked for (SNI). */
  readonly serverName: string | null;
  /** The protocol that both agreed on (ALPN). */
  readonly alpn: string | null;
  /** Of the certificate that the backend showed, hex; null in front. */
  readonly certificateSha256: string | null;
  /** The name that it proved; null in front. */
  readonly peerName: string | null;
  /** Of the certificate that the client presented, hex, whether or not it was allowed. */
  readonly clientCertificateSha256: string | null;
}

/** One connection of a gateway. */
export interface ConnectionEvent {
  readonly event: 'connection';
  /** RFC 3339, UTC, milliseconds: when it had ended. */
  readonly at: string;
  /** The gateway's name. */
  readonly gateway: string;
  readonly protocol: string;
  readonly mode: 'front' | 'reverse';
  readonly listener: {
    readonly address: string;
    readonly port: number;
    readonly tls: 'starttls' | 'implicit';
  };
  /** Of the client; behind a proxy as that tells it. */
  readonly address: string;
  readonly port: number;
  /** `127.0.0.1:143`, `unix:/run/imap`. */
  readonly backend: string;
  readonly tls: ConnectionTls;
  readonly octets: { readonly fromClient: number; readonly toClient: number };
  readonly durationMs: number;
  readonly endedBy: ConnectionEnd;
  /** One sentence. */
  readonly because: string;
  // No message is concerned. Every event has the same fields, so that a line can be read without looking which it is.
  readonly id: null;
  readonly from: null;
  readonly to: null;
  readonly mx: null;
  readonly reply: null;
  readonly attempt: 0;
  readonly nextAttemptAt: null;
}

/** What there is to say of one connection. */
export type ConnectionFacts = Omit<
  ConnectionEvent,
  'event' | 'id' | 'from' | 'to' | 'mx' | 'reply' | 'attempt' | 'nextAttemptAt'
>;

export function connectionEvent({ at, tls, ...facts }: ConnectionFacts): ConnectionEvent {
  return {
    event: 'connection',
    id: null,
    at,
    from: null,
    to: null,
    mx: null,
    reply: null,
    attempt: 0,
    tls,
    nextAttemptAt: null,
    ...facts,
  };
}
