/** As much of PostgreSQL's protocol as one query for an account needs, and the ways in which it may go wrong. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';

export interface PostgresBehaviour {
  /** What follows SSLRequest in clear; by default `S` where there is a certificate, else `N`. */
  readonly answer?: readonly Buffer[];
  readonly certificate?: Certificate;
  /** Where it says nothing any more. */
  readonly hangsAt?: 'ssl-request' | 'startup' | 'query';
  /** Rows for every user, each a hash. */
  readonly rows?: readonly string[];
}

export interface PostgresServer {
  readonly port: number;
  /** Connections that are open. */
  open(): number;
  /** All that came in, in clear and from inside TLS. */
  readonly said: { clear: Buffer; secret: Buffer };
  close(): Promise<void>;
}

/** @param port 0: any. */
export async function postgresServer(behaviour: PostgresBehaviour, port = 0): Promise<PostgresServer> {
  const said: PostgresServer['said'] = { clear: Buffer.alloc(0), secret: Buffer.alloc(0) };
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (first: Buffer) => {
      said.clear = Buffer.concat([said.clear, first]);
      if (first.equals(SSL_REQUEST)) void upgrade(socket);
      else converse(socket, behaviour, first);
    });
  });
  async function upgrade(socket: Socket): Promise<void> {
    if (behaviour.hangsAt === 'ssl-request') return;
    const { certificate } = behaviour;
    const answer = behaviour.answer ?? [Buffer.from(certificate === undefined ? 'N' : 'S')];
    for (const [index, part] of answer.entries()) {
      // Segments of their own.
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, 30));
      socket.write(part);
    }
    if (certificate === undefined) {
      socket.on('data', (more: Buffer) => {
        said.clear = Buffer.concat([said.clear, more]);
      });
      return;
    }
    const secureContext = createSecureContext({ cert: certificate.certPem, key: certificate.keyPem });
    const inside = new TLSSocket(socket, { isServer: true, secureContext });
    inside.on('error', () => undefined);
    inside.on('data', (more: Buffer) => {
      said.secret = Buffer.concat([said.secret, more]);
    });
    converse(inside, behaviour, Buffer.alloc(0));
  }
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    open: () => sockets.size,
    said,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');

export function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** That the login is good, and that it is our turn. */
export const welcome = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);

/** A whole answer to a query: one column `password_hash` of type text, and such rows. */
export function answerOf(rows: readonly string[]): Buffer {
  const column = Buffer.concat([
    Buffer.from([0, 1]),
    Buffer.from('password_hash\0'),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]),
  ]);
  const row = (text: string): Buffer => {
    const value = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    return message('D', Buffer.concat([Buffer.from([0, 1]), length, value]));
  };
  return Buffer.concat([
    message('1', Buffer.alloc(0)),
    message('2', Buffer.alloc(0)),
    message('T', column),
    ...rows.map(row),
    message('C', Buffer.from(`SELECT ${rows.length}\0`)),
    message('Z', Buffer.from('I')),
  ]);
}

/** The startup message has no type; of what follows, only Sync ('S') wants an answer. */
function converse(socket: Socket, { hangsAt, rows = [] }: PostgresBehaviour, first: Buffer): void {
  let pending: Buffer = Buffer.alloc(0);
  let started = false;
  const take = (more: Buffer): void => {
    pending = Buffer.concat([pending, more]);
    for (;;) {
      const head = started ? 1 : 0;
      if (pending.length < head + 4) return;
      const end = head + pending.readUInt32BE(head);
      if (pending.length < end) return;
      const type = started ? pending.toString('latin1', 0, 1) : 'startup';
      pending = pending.subarray(end);
      started = true;
      if (type === 'startup' && hangsAt !== 'startup') socket.write(welcome);
      if (type === 'S' && hangsAt !== 'query') socket.write(answerOf(rows));
    }
  };
  socket.on('data', take);
  if (first.length > 0) take(first);
}
