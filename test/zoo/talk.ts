/** One connection of a server of ours, for what no real program does: words in order, TLS where it is told to. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { Certificate } from '../support/certificates.ts';

/** How TLS is spoken. */
export interface TlsManners extends SecureContextOptions {
  readonly ALPNProtocols?: string[];
  /** What those see who do not say whom they want (SNI), in place of the certificate; without one there is no handshake. */
  readonly nameless?: SecureContextOptions;
}

/** What a behaviour has in hand. Whatever the client does not wait for ends with {@link Gone}. */
export interface Talk {
  /** Which connection it is, from 0; of all addresses together. */
  readonly connection: number;
  /** Which address was called, from 0. */
  readonly door: number;
  /** What it presents, unless it is told otherwise. */
  readonly certificate: Certificate;
  /** The name that was asked for in the handshake (SNI); empty where none was, or before. */
  readonly serverName: () => string;
  readonly say: (text: string) => void;
  /** The next line without its end. @throws Gone */
  readonly line: () => Promise<string>;
  /** All that comes next, as soon as there is something. @throws Gone */
  readonly heard: () => Promise<string>;
  /** All that came and was not taken, which is taken with it. */
  readonly unread: () => string;
  /** Reads again what was taken: how a flaw keeps what came in clear. */
  readonly putBack: (text: string) => void;
  /** Gives to TLS what was taken: how a server without the flaw goes on, whatever the handshake makes of it. */
  readonly handOn: (text: string) => void;
  /** Makes the handshake. @throws Gone where it fails. */
  readonly secure: (options?: TlsManners) => Promise<void>;
  /** Says this again and again, as fast as it is taken. @throws Gone */
  readonly flood: (unit: string) => Promise<never>;
  /** Says an octet of it every so many milliseconds, and from the beginning again at its end. @throws Gone */
  readonly drip: (text: string, everyMs: number) => Promise<never>;
  readonly pause: (ms: number) => Promise<void>;
  readonly end: () => void;
  readonly reset: () => void;
  /** Reads and says nothing any more. @throws Gone */
  readonly stay: () => Promise<never>;
}

export type Behaviour = (talk: Talk) => Promise<unknown>;

/** The client left. */
export class Gone extends Error {}

export interface Talker {
  readonly port: number;
  readonly connections: () => number;
  readonly close: () => void;
}

/** Listens at each address, at the same port. */
export async function startTalker(
  addresses: readonly string[],
  certificate: Certificate,
  behave: Behaviour,
  wanted = 0,
): Promise<Talker> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  let count = 0;
  let port = wanted;
  for (const [door, address] of addresses.entries()) {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
      const connection = count;
      count += 1;
      behave(talkOver(socket, connection, door, certificate)).catch((error: unknown) => {
        socket.destroy();
        if (!(error instanceof Gone)) throw error;
      });
    });
    server.listen(port, address);
    await once(server, 'listening');
    servers.push(server);
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
    port = bound.port;
  }
  return {
    port,
    connections: () => count,
    close() {
      for (const server of servers) {
        server.close();
        // Of those who were on their way in.
        server.on('connection', (socket) => socket.destroy());
      }
      for (const socket of sockets) socket.destroy();
    },
  };
}

function talkOver(plain: Socket, connection: number, door: number, certificate: Certificate): Talk {
  let socket: Socket = plain;
  let name = '';
  let kept = '';
  const more = async (): Promise<void> => {
    for (;;) {
      const chunk: Buffer | null = socket.read();
      if (chunk !== null) {
        kept += chunk.toString('latin1');
        return;
      }
      if (socket.destroyed || socket.readableEnded) throw new Gone('the client left');
      await anyOf(socket, ['readable', 'end', 'close']);
    }
  };
  const assertThere = (): void => {
    if (socket.destroyed || !socket.writable) throw new Gone('the client left');
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
  return {
    connection,
    door,
    certificate,
    serverName: () => name,
    say: (text) => void (socket.writable && socket.write(text, 'latin1')),
    async line() {
      for (;;) {
        const end = kept.indexOf('\n');
        if (end !== -1) {
          const line = kept.slice(0, end).replace(/\r$/, '');
          kept = kept.slice(end + 1);
          return line;
        }
        await more();
      }
    },
    async heard() {
      if (kept === '') await more();
      const all = kept;
      kept = '';
      return all;
    },
    unread() {
      const chunk: Buffer | null = socket.read();
      const all = kept + (chunk === null ? '' : chunk.toString('latin1'));
      kept = '';
      return all;
    },
    putBack(text) {
      kept = text + kept;
    },
    handOn: (text) => plain.unshift(Buffer.from(text, 'latin1')),
    async secure({ ALPNProtocols, nameless, ...options } = {}) {
      const { certPem: cert, keyPem: key } = certificate;
      const context = createSecureContext({ cert, key, ...options });
      const secured = new TLSSocket(plain, {
        isServer: true,
        secureContext: nameless === undefined ? context : createSecureContext(nameless),
        ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
        SNICallback: (asked, done) => {
          name = asked;
          done(null, context);
        },
      });
      socket = secured;
      for (const event of ['error', '_tlsError']) secured.on(event, () => secured.destroy());
      // Whoever hangs up in the handshake has left, as every real server takes it.
      const noticeEnd = (): void => void secured.read(0);
      secured.on('readable', noticeEnd);
      await anyOf(secured, ['secure', 'close', 'end']);
      secured.off('readable', noticeEnd);
      if (secured.readableEnded) throw new Gone('the client left');
      assertThere();
    },
    async flood(unit) {
      const block = unit.repeat(Math.ceil(16_384 / unit.length));
      for (;;) {
        assertThere();
        if (!socket.write(block, 'latin1')) await anyOf(socket, ['drain', 'close']);
      }
    },
    async drip(text, everyMs) {
      for (let at = 0; ; at += 1) {
        assertThere();
        socket.write(text.charAt(at % text.length), 'latin1');
        await pause(everyMs);
      }
    },
    pause,
    end: () => void socket.end(),
    reset: () => void plain.resetAndDestroy(),
    async stay() {
      for (;;) {
        kept = '';
        await more();
      }
    },
  };
}

/** Waits for the first of these events, and leaves no listener behind. */
function anyOf(socket: Socket, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const event of events) socket.removeListener(event, settle);
      resolve();
    };
    for (const event of events) socket.on(event, settle);
  });
}
