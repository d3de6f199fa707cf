/**
 * A server that upgrades by any dialect: honest, or telling lies to clients, or weak where clients attack.
 *
 * It shares no code with src/. To clients it is the hostile server; behind a gateway it is the backend that notes what
 * reaches it; with a weakness it is the vulnerable twin of our own servers.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';
import { type Dialect, honest, inside, type Offers } from '../dialect.ts';

/** What is said, and what happens then. */
export interface Answer {
  readonly say: string;
  /**
   * `drip`: an octet of `unit` every 40 ms, for ever. `flood`: `unit` as fast as it is taken, up to
   * {@link FLOOD_OCTETS}. `stall`: nothing is read or said any more. `abort`: an end without TLS's own.
   */
  readonly next?: 'go-on' | 'handshake' | 'close' | 'abort' | 'stall' | 'drip' | 'flood';
  readonly unit?: string;
  /** A segment of its own, a moment after the first, in clear. */
  readonly later?: string;
}

export interface Lies {
  readonly greeting?: Answer;
  readonly offersInClear?: Offers;
  readonly offersInside?: Offers;
  /** In place of the usual answer where it gives one. */
  readonly answer?: (request: string, at: 'clear' | 'inside') => Answer | undefined;
  /** Said inside TLS before anything was asked, in place of what the protocol says there. */
  readonly insideFirst?: Answer;
  readonly tls?: SecureContextOptions;
}

/** What is wrong with it as a server; with none it is right. */
export type ServerWeakness =
  /** What was read behind the request for TLS is run inside TLS (CVE-2011-0411). */
  'keepsLeftover';

/** What one connection was told, latin1. */
export interface Conversation {
  plain: string;
  inside: string;
  readonly requestsInside: string[];
  handshake: 'none' | 'begun' | 'done';
  /** The whole flood was taken. */
  flooded: boolean;
  /** There was a second handshake within TLS. */
  renegotiated: boolean;
  closed: boolean;
  /** The TLS socket once it is one. */
  secure: TLSSocket | undefined;
}

export interface ToyServer {
  readonly port: number;
  readonly conversations: readonly Conversation[];
  close(): void;
}

/** More than the buffers of two sockets on one host hold. */
const FLOOD_OCTETS = 8_000_000;
/** How a record of TLS begins that holds a handshake: where there is no go-ahead (MySQL), it comes with the request. */
const HELLO = '\x16\x03';
const DRIP_EVERY_MS = 40;
const LATER_MS = 20;

export async function startToyServer(
  dialect: Dialect,
  certificate: Certificate,
  lies: Lies = {},
  weaknesses: readonly ServerWeakness[] = [],
): Promise<ToyServer> {
  const conversations: Conversation[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    const notes: Conversation = {
      plain: '',
      inside: '',
      requestsInside: [],
      handshake: 'none',
      flooded: false,
      renegotiated: false,
      closed: false,
      secure: undefined,
    };
    conversations.push(notes);
    socket.on('close', () => {
      sockets.delete(socket);
      notes.closed = true;
    });
    converse(socket, { dialect, certificate, lies, weaknesses, notes });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the toy has no port');
  return {
    port: address.port,
    conversations,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Part {
  readonly dialect: Dialect;
  readonly certificate: Certificate;
  readonly lies: Lies;
  readonly weaknesses: readonly ServerWeakness[];
  readonly notes: Conversation;
}

function converse(plain: Socket, { dialect, certificate, lies, weaknesses, notes }: Part): void {
  let socket = plain;
  let at: 'clear' | 'inside' = 'clear';
  let unread = '';
  let deaf = false;

  function onData(bytes: Buffer): void {
    const text = bytes.toString('latin1');
    if (at === 'clear') notes.plain += text;
    else notes.inside += text;
    unread += text;
    work();
  }

  function work(): void {
    while (!deaf) {
      const end = unread === '' ? undefined : dialect.requestEnds(unread);
      if (end === undefined || end === 0) return;
      const request = unread.slice(0, end);
      unread = unread.slice(end);
      if (at === 'inside') notes.requestsInside.push(request);
      give(lies.answer?.(request, at) ?? usual(request));
    }
  }

  function usual(request: string): Answer {
    const upgrades = at === 'clear' && dialect.isUpgrade(request);
    if (upgrades) return { say: dialect.goAhead, next: 'handshake' };
    const offers = at === 'clear' ? (lies.offersInClear ?? honest) : (lies.offersInside ?? inside);
    return { say: dialect.answer(request, offers) };
  }

  function give({ say, next = 'go-on', unit = '', later }: Answer): void {
    const speaker = socket;
    if (say !== '') speaker.write(say, 'latin1');
    if (next !== 'go-on') deaf = true;
    if (later !== undefined) {
      setTimeout(() => {
        plain.write(later, 'latin1');
        if (next === 'handshake') secure();
      }, LATER_MS);
      return;
    }
    if (next === 'close') speaker.end();
    // What was said is on its way by then.
    if (next === 'abort') setTimeout(() => plain.end(), LATER_MS);
    if (next === 'drip') drip(speaker, unit);
    if (next === 'flood') flood(speaker, unit, notes);
    if (next === 'handshake') secure();
  }

  function secure(): void {
    notes.handshake = 'begun';
    plain.removeAllListeners('data');
    plain.pause();
    // An eager ClientHello, or plaintext, on which the handshake dies; the weak one tells them apart.
    const hello = weaknesses.includes('keepsLeftover') ? unread.indexOf(HELLO) : 0;
    if (hello !== -1) {
      if (hello < unread.length) plain.unshift(Buffer.from(unread.slice(hello), 'latin1'));
      unread = unread.slice(0, hello);
    }
    const secured = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({
        cert: certificate.certPem,
        key: certificate.keyPem,
        ...lies.tls,
      }),
    });
    for (const event of ['error', '_tlsError']) secured.on(event, () => secured.destroy());
    secured.once('secure', () => {
      notes.handshake = 'done';
      notes.secure = secured;
      socket = secured;
      at = 'inside';
      deaf = false;
      const first = lies.insideFirst ?? {
        say: dialect.greetsInside ? dialect.greeting(lies.offersInside ?? inside) : '',
      };
      give(first);
      work();
    });
    listen(secured);
  }

  function listen(from: Socket): void {
    from.on('data', onData);
    from.on('end', () => from.end());
    from.on('error', () => from.destroy());
  }

  listen(plain);
  give(lies.greeting ?? { say: dialect.greeting(lies.offersInClear ?? honest) });
}

function drip(socket: Socket, unit: string): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(unit.charAt(at++ % unit.length), 'latin1');
  }, DRIP_EVERY_MS);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: Socket, unit: string, notes: Conversation): void {
  const block = Buffer.from(unit.repeat(Math.ceil(65_536 / unit.length)), 'latin1');
  let sent = 0;
  const more = (): void => {
    while (!socket.destroyed) {
      if (sent >= FLOOD_OCTETS) {
        notes.flooded = true;
        return;
      }
      sent += block.length;
      if (!socket.write(block)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}
