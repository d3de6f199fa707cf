/** A TLS handshake that we begin, and what the far side has said to it so far. */
import type { Socket } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';

export interface HandshakeOptions {
  readonly context: SecureContext;
  /** Sent as SNI; null where the peer was named by address (RFC 6066 §3 allows names only). */
  readonly serverName: string | null;
  /** Protocols to name in the handshake (ALPN, RFC 7301), for those of which the server wants it. */
  readonly alpn?: readonly string[];
}

export interface ClientHandshake {
  readonly socket: TLSSocket;
  /** Whether the peer has not said an octet since our ClientHello. */
  readonly unanswered: boolean;
  /** What is left of its time, ms. */
  left(): number;
}

/**
 * Begins it on a socket that nobody listens to any more.
 *
 * @param ms how long it may take.
 */
export function beginHandshake(
  plain: Socket,
  { context, serverName, alpn }: HandshakeOptions,
  ms: number,
): ClientHandshake {
  // The socket under TLS goes on counting what comes, encrypted as it is.
  const before = plain.bytesRead;
  const until = performance.now() + ms;
  const socket = connect({
    socket: plain,
    secureContext: context,
    ...(serverName === null ? {} : { servername: serverName }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    // The identity is our own decision, made by the dialogue before anything is said inside TLS.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  return {
    socket,
    get unanswered() {
      return plain.bytesRead === before;
    },
    left: () => until - performance.now(),
  };
}
