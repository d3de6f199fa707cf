/** Somebody on the way to a mail server: an honest wire until he is told to do something. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';
import type { Endpoint } from '../net.ts';

/** What he does with the connections from now on. */
export type Attack =
  | 'none'
  /** STARTTLS is taken out of the answer to EHLO; a client that asks for it all the same is told 454. */
  | 'strip'
  /** STARTTLS is offered and then refused with 454. */
  | 'refuse'
  /** TLS ends with him, with a certificate of his own; he reads all of it and hands it on. */
  | 'intercept'
  /** CVE-2021-38371 and its kin: a line in clear right behind the 220, before TLS begins. */
  | 'inject'
  /** The connection is reset when the client asks for TLS. */
  | 'cut';

/** A way to a mail server with somebody on it. */
export interface SmtpMitm {
  readonly address: string;
  readonly port: number;
  readonly become: (attack: Attack) => void;
  /** What he could read of each connection so far, both directions, in their order. */
  readonly seen: () => readonly Seen[];
  readonly close: () => Promise<void>;
}

/** Octets as latin1; within TLS only where he ended it. */
export interface Seen {
  readonly client: string;
  readonly server: string;
}

const CRLF = '\r\n';
const INJECTED = '250 2.0.0 injected\r\n';

/** @param own the certificate that he shows where he intercepts. */
export async function startSmtpMitm(listen: Endpoint, server: Endpoint, own: Certificate): Promise<SmtpMitm> {
  let attack: Attack = 'none';
  const sockets = new Set<Socket>();
  const seen: { client: string; server: string }[] = [];
  const listener = createServer((client) => {
    const upstream = connect(server.port, server.address);
    const notes = { client: '', server: '' };
    seen.push(notes);
    const both = [client, upstream];
    for (const socket of both) {
      sockets.add(socket);
      // What breaks on one side breaks on the other.
      socket.on('error', () => {
        for (const one of both) one.destroy();
      });
      socket.on('close', () => {
        sockets.delete(socket);
        for (const one of both) one.end();
      });
    }
    pass({ client, upstream, notes, own, attack });
  });
  listener.listen(listen.port, listen.address);
  await once(listener, 'listening');
  const bound = listener.address();
  if (bound === null || typeof bound === 'string') throw new Error('the way has no port');
  return {
    address: bound.address,
    port: bound.port,
    become(changed) {
      attack = changed;
    },
    seen: () => seen.map((one) => ({ ...one })),
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly notes: { client: string; server: string };
  readonly own: Certificate;
  readonly attack: Attack;
}

/** Carries a conversation in clear, line by line, until TLS begins. */
function pass(connection: Connection): void {
  const { client, upstream, notes, attack } = connection;
  let inContent = false;
  let reply: string[] = [];
  /** The client has asked for TLS, and the server was asked too. */
  let asked = false;
  const fromServer = onLines(upstream, (line) => {
    reply.push(line);
    if (/^\d{3}-/.test(line)) return;
    const whole = reply;
    reply = [];
    if (line.startsWith('354')) inContent = true;
    if (asked && line.startsWith('220')) {
      const early = [fromServer(), fromClient()];
      client.write(`${line}${attack === 'inject' ? INJECTED : ''}`, 'latin1');
      if (attack === 'intercept') intercept(connection);
      else wire(client, upstream, early);
      return;
    }
    asked = false;
    const said = attack === 'strip' ? withoutStartTls(whole) : whole;
    notes.server += said.join('');
    client.write(said.join(''), 'latin1');
  });
  const fromClient = onLines(client, (line) => {
    notes.client += line;
    if (inContent) {
      inContent = line !== `.${CRLF}`;
      upstream.write(line, 'latin1');
      return;
    }
    if (line.toUpperCase() === `STARTTLS${CRLF}`) {
      if (attack === 'cut') {
        client.resetAndDestroy();
        upstream.destroy();
        return;
      }
      if (attack === 'strip' || attack === 'refuse') {
        client.write(`454 4.7.0 TLS not available${CRLF}`);
        return;
      }
      asked = true;
    }
    upstream.write(line, 'latin1');
  });
}

/** Takes the offer out, and keeps the last line the last. */
function withoutStartTls(lines: readonly string[]): string[] {
  const left = lines.filter((line) => !/^250[ -]STARTTLS\r\n$/i.test(line));
  return left.map((line, index) =>
    index === left.length - 1 && line.startsWith('250-') ? `250 ${line.slice(4)}` : line,
  );
}

/** From here on octets pass as they are; `early` came before anyone looked. */
function wire(client: Socket, upstream: Socket, [server = '', asked = '']: readonly string[]): void {
  client.write(server, 'latin1');
  upstream.write(asked, 'latin1');
  client.pipe(upstream);
  upstream.pipe(client);
}

/** Two TLS connections, with him between them. */
function intercept({ client, upstream, notes, own }: Connection): void {
  const secureContext = createSecureContext({ cert: own.certPem, key: own.keyPem });
  const victim = new TLSSocket(client, { isServer: true, secureContext });
  const server = tlsConnect({ socket: upstream, rejectUnauthorized: false });
  for (const [socket, other, side] of [
    [victim, server, 'client'],
    [server, victim, 'server'],
  ] as const) {
    socket.on('error', () => other.destroy());
    socket.on('data', (chunk: Buffer) => {
      notes[side] += chunk.toString('latin1');
    });
    socket.pipe(other);
  }
}

/** Calls for each line with its end. @returns what stops it and gives what is left. */
function onLines(socket: Socket, take: (line: string) => void): () => string {
  let unread = '';
  let stopped = false;
  const listen = (chunk: Buffer): void => {
    unread += chunk.toString('latin1');
    for (let end = unread.indexOf(CRLF); end !== -1 && !stopped; end = unread.indexOf(CRLF)) {
      const line = unread.slice(0, end + 2);
      unread = unread.slice(end + 2);
      take(line);
    }
  };
  socket.on('data', listen);
  return () => {
    stopped = true;
    socket.off('data', listen);
    socket.pause();
    const left = unread;
    unread = '';
    return left;
  };
}
