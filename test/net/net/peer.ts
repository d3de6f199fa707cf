/** A peer for one connection of ours, and what it takes to talk to it. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { type Deadlines, startDeadlines } from '../../../src/net/deadlines.ts';
import { dial } from '../../../src/net/dial.ts';
import type { Connection, Patience } from '../../../src/net/drive.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import type { Talk } from '../../../src/wire/bytes.ts';
import type { Channel, Secured } from '../../../src/wire/channel.ts';
import type { Certificate } from '../../support/certificates.ts';

export const quick: Patience = {
  phases: { greeting: 300, reply: 300, 'data-start': 300, 'data-end': 300, goodbye: 300 },
  connect: 300,
  handshake: 300,
  dataBlock: 300,
};

/** A timer for one test. */
export function testDeadlines(t: TestContext): Deadlines {
  const deadlines = startDeadlines(10);
  t.after(() => deadlines.close());
  return deadlines;
}

export interface Pair {
  readonly connection: Connection;
  /** The other end. */
  readonly peer: Socket;
}

/** One connection over the loopback network. */
export async function connected(
  t: TestContext,
  options: {
    context?: SecureContext;
    patience?: Partial<Patience>;
    serverName?: string;
    answerToHello?: number;
  } = {},
): Promise<Pair> {
  const server = await listening(t);
  const accepted: Promise<Socket[]> = once(server, 'connection');
  const connection = await dial(
    { address: '127.0.0.1', port: portOf(server) },
    {
      peer: 'peer.test (127.0.0.1)',
      patience: { ...quick, ...options.patience },
      deadlines: testDeadlines(t),
      context: options.context ?? outgoingContext([]),
      serverName: options.serverName ?? null,
      ...(options.answerToHello === undefined ? {} : { answerToHello: options.answerToHello }),
    },
  );
  const [peer] = await accepted;
  if (peer === undefined) throw new Error('nobody connected');
  peer.on('error', () => peer.destroy());
  t.after(() => {
    connection.close();
    peer.destroy();
  });
  return { connection, peer };
}

/** A server that leaves its connections alone. */
export async function listening(t: TestContext): Promise<Server> {
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return server;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** Says STARTTLS, takes whatever line comes, and upgrades. */
export function* startTls(channel: Channel): Talk<Secured> {
  yield* channel.say('STARTTLS\r\n');
  channel.beginAnswer();
  yield* channel.readLine(2048, 'reply');
  return yield* channel.startTls();
}

/** Takes the command and gives the go-ahead, with whatever else stands in its segment. */
export async function goAhead(peer: Socket, behind = ''): Promise<void> {
  if (peer.readableLength === 0) await once(peer, 'readable');
  peer.read();
  peer.write(`220 go\r\n${behind}`);
}

/** Puts the server's end of TLS on a socket. */
export function asServer(socket: Socket, { certPem, keyPem }: Certificate, version?: 'TLSv1.2'): TLSSocket {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: createSecureContext({
      cert: certPem,
      key: keyPem,
      ...(version === undefined ? {} : { maxVersion: version }),
    }),
  });
  secure.on('error', () => secure.destroy());
  return secure;
}
