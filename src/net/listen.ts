/** Listens for connections and attends to each. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { type Attended, attend, type Upgrade } from './attend.ts';
import type { Deadlines } from './deadlines.ts';
import { type Session } from './server-session.ts';
import { incomingOptions, type KeyPair } from './tls.ts';

/** The two ends of an accepted connection. */
export interface Accepted {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

export interface ListenOptions<State, Question, Answer> {
  readonly address: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly tls: 'starttls' | 'implicit';
  readonly keyPair: KeyPair;
  readonly deadlines: Deadlines;
  /** @returns the session, or the line to say before closing. */
  readonly welcome: (
    accepted: Accepted,
    openSessions: number,
  ) => Session<State, Question, Answer> | { readonly refusal: string };
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Stops accepting, lets messages under way finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

/** @throws Node's error when the address cannot be bound. */
export async function listen<State, Question, Answer>(
  options: ListenOptions<State, Question, Answer>,
): Promise<Listener> {
  const tls = tlsUpgrades(options.keyPair);
  const open = new Set<Attended>();
  // Half-open: a client that sends QUIT and closes its side still gets our answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const accepted = endsOf(socket);
    if (accepted === undefined) {
      socket.destroy();
      return;
    }
    const session = options.welcome(accepted, open.size);
    if ('refusal' in session) {
      socket.on('error', () => socket.destroy());
      socket.end(session.refusal, 'latin1', () => socket.destroy());
      return;
    }
    const attended = attend(socket, session, tls.upgrade, options.deadlines, options.tls);
    open.add(attended);
    void attended.closed.then(() => open.delete(attended));
  });
  const bound = await bind(server, options.address, options.port);
  return {
    ...bound,
    close: async (graceMs) => {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const attended of open) attended.shutdown();
      const timer = setTimeout(() => {
        for (const attended of open) attended.close();
      }, graceMs);
      await stopped;
      clearTimeout(timer);
      tls.close();
    },
  };
}

function endsOf(socket: Socket): Accepted | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  // A client that was gone before we looked has no address any more.
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return { remoteAddress, remotePort, localAddress, localPort };
}

function bind(server: Server, address: string, port: number): Promise<{ address: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, () => {
      server.removeListener('error', reject);
      // Running out of descriptors while accepting is reported here; it must not end the process.
      server.on('error', () => undefined);
      const bound = server.address();
      if (bound === null || typeof bound === 'string')
        reject(new Error(`${address}:${port} has no IP address`));
      else resolve({ address: bound.address, port: bound.port });
    });
  });
}

/**
 * One TLS server that never listens: connections are handed to it.
 *
 * Unlike a bare `new TLSSocket({ isServer: true })` it reports errors after the handshake, and it honours bytes
 * that were read before (an eager ClientHello).
 */
function tlsUpgrades(keyPair: KeyPair): { upgrade: Upgrade; close: () => void } {
  const server: TlsServer = createTlsServer(incomingOptions(keyPair));
  const waiting = new Map<string, (result: TLSSocket | Error) => void>();
  server.on('secureConnection', (secure: TLSSocket) => waiting.get(keyOf(secure))?.(secure));
  server.on('tlsClientError', (error: Error, secure: TLSSocket) => {
    secure.on('error', () => undefined);
    waiting.get(keyOf(secure))?.(error);
    // Node leaves the socket open after a failed handshake.
    secure.destroy();
  });
  const upgrade: Upgrade = (socket) => {
    const key = keyOf(socket);
    return new Promise<TLSSocket>((resolve, reject) => {
      const settle = (result: TLSSocket | Error): void => {
        waiting.delete(key);
        socket.removeListener('close', onClose);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      const onClose = (): void => settle(new Error('the connection was closed during the handshake'));
      socket.once('close', onClose);
      waiting.set(key, settle);
      server.emit('connection', socket);
    });
  };
  return { upgrade, close: () => server.close() };
}

/** Tells a connection apart from every other one that exists at the same time. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}
