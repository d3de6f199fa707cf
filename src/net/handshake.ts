/** The handshakes of a listener: one TLS server that never listens, to which connections are handed. */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Upgrade } from './attend.ts';
import type { Certificates } from './certificates.ts';
import type { IncomingOptions } from './tls.ts';

/** Since this version a server of TLS 1.3 sends nothing where the callback for tickets has no key. */
const REFUSES_TICKETS_SINCE = 0x30500000;

/** What a client is asked for, beside what every listener asks. */
export interface HandshakeTerms {
  /** Whether it is asked for a certificate. What it presents, or that it presents none, is judged by whoever asked. */
  readonly clientCertificate: boolean;
}

/**
 * @param protocols what a client that names its protocol (ALPN, RFC 7301) may name. Whoever offers others only is cut
 * off with no_application_protocol: a browser that somebody has sent here (ALPACA). A client that offers none is
 * welcome, one that offers anything where `protocols` is empty is not.
 * @returns what wraps a connection in TLS.
 *
 * Unlike a bare `new TLSSocket({ isServer: true })` the server reports errors after the handshake, and it honours
 * bytes that were read before (an eager ClientHello).
 */
export function handshakes(
  certificates: Certificates,
  protocols: readonly string[],
  { clientCertificate }: HandshakeTerms = { clientCertificate: false },
): Upgrade {
  const server = createServer({
    // Asked only where the client names protocols; undefined is the alert no_application_protocol.
    ALPNCallback: ({ protocols: offered }) => protocols.find((protocol) => offered.includes(protocol)),
    requestCert: clientCertificate,
    // Node would break the handshake off without a word of why.
    rejectUnauthorized: false,
    SNICallback: (name, done) => {
      const context = certificates.contextFor(name);
      // Left alone the default shows all of its certificates; chosen, only one.
      if (context === certificates.contextFor(null)) done(null);
      else done(null, context);
    },
  });
  let options = certificates.fallback;
  useOptions(server, options);
  const waiting = new Map<string, (result: TLSSocket | Error) => void>();
  server.on('secureConnection', (secure: TLSSocket) => waiting.get(keyOf(secure))?.(secure));
  server.on('tlsClientError', (error: Error, secure: TLSSocket) => {
    secure.on('error', () => undefined);
    waiting.get(keyOf(secure))?.(error);
    // Node leaves the socket open after a failed handshake.
    secure.destroy();
  });
  return (socket) => {
    if (options !== certificates.fallback) {
      options = certificates.fallback;
      useOptions(server, options);
    }
    const key = keyOf(socket);
    return new Promise<TLSSocket>((resolve, reject) => {
      const settle = (result: TLSSocket | Error): void => {
        // The next connection may have the same port already.
        if (waiting.get(key) === settle) waiting.delete(key);
        socket.removeListener('close', onClose);
        if (result instanceof Error) {
          reject(result);
          return;
        }
        result.allowHalfOpen = halfOpen;
        resolve(result);
      };
      const onClose = (): void => settle(new Error('the connection was closed during the handshake'));
      socket.once('close', onClose);
      waiting.set(key, settle);
      // The TLS socket takes this over. Half-open, the end of a client within the handshake would be heard by nobody:
      // TLS 1.3 clients that close at once would keep their session until its deadline.
      const halfOpen = socket.allowHalfOpen;
      socket.allowHalfOpen = false;
      server.emit('connection', socket);
    });
  };
}

/**
 * Without session tickets: senders of Microsoft hang up where they get one (golang/go#70232), and each mail server
 * resumes so seldom that they are worth nothing.
 *
 * Tried with OpenSSL 3.5: SSL_OP_NO_TICKET stops the ticket of TLS 1.2 only; in TLS 1.3 two tickets come all the
 * same, which name a session instead of holding it. Their number cannot be set in Node, other than by a
 * configuration file of OpenSSL at start (NumTickets = 0). The callback for ticket keys, which Node has and does not
 * document, can say that there is no key: then TLS 1.3 sends none, and TLS 1.2 one without content (RFC 5077 §3.3),
 * and that only to a client that asks for tickets.
 */
function useOptions(server: Server, options: IncomingOptions): void {
  server.setSecureContext(options);
  const context = ticketContextOf(server);
  if (context === undefined) {
    const secureOptions = options.secureOptions | constants.SSL_OP_NO_TICKET;
    server.setSecureContext({ ...options, secureOptions });
    return;
  }
  const nothing = Buffer.alloc(16);
  // [what OpenSSL is told: 0 = no ticket, key of the HMAC, key of AES, name of the key, IV]
  const answer = [0, nothing, nothing, nothing, nothing];
  context.onticketkeycallback = () => answer;
  context.enableTicketKeyCallback();
}

interface TicketContext {
  enableTicketKeyCallback(): void;
  onticketkeycallback: () => readonly unknown[];
}

function ticketContextOf(server: Server): TicketContext | undefined {
  if (constants.OPENSSL_VERSION_NUMBER < REFUSES_TICKETS_SINCE) return undefined;
  const shared: unknown = Reflect.get(server, '_sharedCreds');
  if (!isObject(shared) || !('context' in shared)) return undefined;
  return isTicketContext(shared.context) ? shared.context : undefined;
}

function isTicketContext(context: unknown): context is TicketContext {
  return isObject(context) && typeof Reflect.get(context, 'enableTicketKeyCallback') === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Tells a connection apart from every other one that exists at the same time. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}
