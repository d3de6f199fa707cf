/** A server of SMTP for the observer's tests: right in all it does, but for the ways that a test asks of it. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';

/** How it is; all of it may be left out. */
export interface Ways {
  readonly certificates?: readonly Certificate[];
  readonly tls?: SecureContextOptions;
  readonly clientCertificate?: boolean;
  readonly implicit?: boolean;
  readonly offers?: readonly string[];
  /** Those who do not have this name are not offered STARTTLS. */
  readonly onlyFor?: string;
  /** What is unread at the handshake is read behind it (CVE-2011-0411). */
  readonly keepsUnread?: boolean;
  /** The transaction lives through the handshake. */
  readonly keepsTransaction?: boolean;
  /** Answers in place of the usual ones; `null`: silence. */
  readonly answer?: (line: string, inside: boolean) => string | null | undefined;
  /** Behind the go-ahead, in clear. */
  readonly afterGoAhead?: string;
  /** A hello of TLS with more octets is not answered. */
  readonly largestHello?: number;
  /** It takes the connection, and closes it without a word. */
  readonly closesAtOnce?: boolean;
  /** Milliseconds before the greeting. */
  readonly greetsAfter?: number;
}

export interface Toy {
  readonly port: number;
  /** What each connection said, a line each; `TLS` is a handshake. */
  readonly said: readonly (readonly string[])[];
}

/** Starts it; it is closed when the test ends. @param ways of each connection, the first of which is number 1. */
export async function startToy(t: TestContext, ways: Ways | ((connection: number) => Ways)): Promise<Toy> {
  const said: string[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const lines: string[] = [];
    said.push(lines);
    socket.on('error', () => socket.destroy());
    const mine = typeof ways === 'function' ? ways(said.length) : ways;
    talk(socket, mine, lines, sockets).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the toy has no port');
  return { port: bound.port, said };
}

async function talk(plain: Socket, ways: Ways, said: string[], sockets: Set<Socket>): Promise<void> {
  let socket = plain;
  let unread = '';
  let inside = false;
  let hasSender = false;
  const secure = async (): Promise<void> => {
    if (!(await fits(plain, ways))) return new Promise(() => undefined);
    socket = secured(plain, ways);
    sockets.add(socket);
    await once(socket, 'secure');
    said.push('TLS');
    inside = true;
  };
  const line = async (): Promise<string> => {
    for (;;) {
      const end = unread.indexOf('\r\n');
      if (end !== -1) {
        const found = unread.slice(0, end);
        unread = unread.slice(end + 2);
        return found;
      }
      unread += await more(socket);
    }
  };
  if (ways.closesAtOnce === true) return void plain.end();
  if (ways.implicit === true) await secure();
  if (ways.greetsAfter !== undefined) await sleep(ways.greetsAfter);
  socket.write('220 toy.test ESMTP\r\n');
  for (;;) {
    const heard = await line();
    said.push(heard);
    const special = ways.answer?.(heard, inside);
    const [verb = '', name] = heard.split(' ');
    if (special === null) continue;
    if (special !== undefined) socket.write(special);
    else if (verb === 'STARTTLS' && !inside) {
      socket.write(`220 go\r\n${ways.afterGoAhead ?? ''}`);
      if (ways.keepsUnread !== true) unread = '';
      await secure();
      hasSender &&= ways.keepsTransaction === true;
    } else if (verb === 'MAIL') {
      socket.write(hasSender ? '503 5.5.1 nested MAIL\r\n' : '250 2.1.0 ok\r\n');
      hasSender = true;
    } else {
      if (verb === 'RSET' || verb === 'EHLO') hasSender = false;
      socket.write(usual(verb, name, inside, ways));
      if (verb === 'QUIT') socket.end();
    }
  }
}

function usual(verb: string, name: string | undefined, inside: boolean, ways: Ways): string {
  switch (verb) {
    case 'EHLO': {
      const isOffered = !inside && (ways.onlyFor === undefined || ways.onlyFor === name);
      const offers = [...(ways.offers ?? ['SIZE 1000']), ...(isOffered ? ['STARTTLS'] : [])];
      const lines = ['toy.test', ...offers];
      return lines.map((text, at) => `250${at < lines.length - 1 ? '-' : ' '}${text}\r\n`).join('');
    }
    case 'QUIT':
      return '221 2.0.0 bye\r\n';
    case 'RSET':
    case 'NOOP':
      return '250 2.0.0 ok\r\n';
    case 'RCPT':
      return '554 5.7.1 relay access denied\r\n';
    default:
      return '502 5.5.1 what?\r\n';
  }
}

function secured(plain: Socket, { certificates = [], tls = {}, clientCertificate = false }: Ways): TLSSocket {
  const secure = new TLSSocket(plain, {
    isServer: true,
    secureContext: createSecureContext({
      cert: certificates.map(({ certPem }) => certPem),
      key: certificates.map(({ keyPem }) => keyPem),
      ...tls,
    }),
    requestCert: clientCertificate,
    rejectUnauthorized: clientCertificate,
  });
  secure.on('error', () => secure.destroy());
  secure.on('_tlsError', () => secure.destroy());
  return secure;
}

/** Reads the client's hello; gives it back where it is not too large. */
async function fits(plain: Socket, { largestHello }: Ways): Promise<boolean> {
  if (largestHello === undefined) return true;
  const hello = Buffer.from(await more(plain), 'latin1');
  if (hello.length > largestHello) return false;
  plain.unshift(hello);
  return true;
}

async function more(socket: Socket): Promise<string> {
  for (;;) {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) return chunk.toString('latin1');
    if (socket.destroyed || socket.readableEnded) throw new Error('the client left');
    await stirred(socket);
  }
}

function stirred(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('readable', done).off('close', done).off('end', done);
      resolve();
    };
    socket.on('readable', done).on('close', done).on('end', done);
  });
}
