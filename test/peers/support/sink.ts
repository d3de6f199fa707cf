/** A mail server of the tests' own: takes every message over STARTTLS, and notes what it said yes to, and when. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';

/** One message that was answered with 250. */
export interface Taken {
  /** Its Subject. */
  readonly subject: string;
  /** Waxwing's name for it, from the topmost Received field. */
  readonly id: string;
  /** When the yes was written, in milliseconds since 1970. */
  readonly at: number;
  readonly overTls: boolean;
  readonly content: Buffer;
}

/** A running sink. */
export interface Sink {
  readonly port: number;
  /** In the order of their yes. */
  readonly taken: readonly Taken[];
  close(): Promise<void>;
}

const ENDING = Buffer.from('\r\n.\r\n');

/** Starts a sink on loopback. */
export async function startSink({ certPem, keyPem }: Certificate): Promise<Sink> {
  const taken: Taken[] = [];
  const sockets = new Set<Socket>();
  const context = createSecureContext({ cert: certPem, key: keyPem });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    // A client that is killed resets its connections.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.write('220 sink.test ESMTP\r\n');
    converse(socket, taken, () => new TLSSocket(socket, { isServer: true, secureContext: context }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sink has no port');
  return {
    port: address.port,
    taken,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** @param upgrade undefined within TLS. */
function converse(socket: Socket, taken: Taken[], upgrade: (() => TLSSocket) | undefined): void {
  let unread: Buffer = Buffer.alloc(0);
  let inContent = false;
  const onData = (chunk: Buffer): void => {
    unread = Buffer.concat([unread, chunk]);
    for (;;) {
      const ending = inContent ? ENDING : '\r\n';
      const end = unread.indexOf(ending);
      if (end === -1) return;
      const piece = unread.subarray(0, end);
      unread = unread.subarray(end + ending.length);
      if (inContent) {
        inContent = false;
        socket.write('250 2.0.0 taken\r\n');
        taken.push(read(piece, upgrade === undefined));
        continue;
      }
      const verb = piece.toString('latin1').split(' ')[0]?.toUpperCase() ?? '';
      inContent = verb === 'DATA';
      socket.write(answers[verb] ?? '250 2.0.0 ok\r\n');
      if (verb === 'STARTTLS' && upgrade !== undefined) {
        socket.off('data', onData);
        const secure = upgrade();
        secure.on('error', () => socket.destroy());
        converse(secure, taken, undefined);
        return;
      }
    }
  };
  socket.on('data', onData);
}

const answers: Readonly<Record<string, string>> = {
  EHLO: '250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 STARTTLS\r\n',
  STARTTLS: '220 2.0.0 go ahead\r\n',
  DATA: '354 go ahead\r\n',
  QUIT: '221 2.0.0 bye\r\n',
};

function read(content: Buffer, overTls: boolean): Taken {
  const header = content.toString('latin1', 0, content.indexOf('\r\n\r\n'));
  const subject = /^Subject: (.*)$/m.exec(header)?.[1]?.trimEnd() ?? '';
  const id = /\bid\s+(\w+)/.exec(header)?.[1] ?? '';
  return { subject, id, at: Date.now(), overTls, content };
}
