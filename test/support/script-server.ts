/**
 * A server of any protocol that follows a script of octets, honest or not; it shares no code with src/.
 *
 * Where a script ends the server stays and reads on, silent.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';

/**
 * What happens next: octets (latin1) that are said, a pattern that what was heard has to match, a number of octets that are
 * heard and no more of them, or something else.
 */
export type Act =
  | { readonly say: string }
  | { readonly hear: RegExp }
  | { readonly take: number }
  | 'handshake'
  | 'close'
  | 'flood'
  | 'drip';

export interface ScriptServer {
  readonly port: number;
  /** What was heard in clear and inside TLS, latin1. */
  readonly heard: { clear: string; inside: string };
}

/** Starts it; it is closed when the test ends. */
export async function startScriptServer(
  t: TestContext,
  certificate: Certificate,
  script: readonly Act[],
): Promise<ScriptServer> {
  const heard = { clear: '', inside: '' };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    // A client that breaks the connection ends the script.
    follow(socket, certificate, script, heard, sockets).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: portOf(server), heard };
}

/** A connected socket of a program; it is destroyed when the test ends. */
export async function connectTo(t: TestContext, port: number, address = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: address, port });
  await once(socket, 'connect');
  t.after(() => void socket.destroy());
  return socket;
}

async function follow(
  plain: Socket,
  certificate: Certificate,
  script: readonly Act[],
  heard: ScriptServer['heard'],
  sockets: Set<Socket>,
): Promise<void> {
  let socket = plain;
  let where: keyof typeof heard = 'clear';
  let from = heard.clear.length;
  for (const act of script) {
    if (act === 'handshake') {
      socket = secured(plain, certificate);
      sockets.add(socket);
      await once(socket, 'secure');
      [where, from] = ['inside', heard.inside.length];
    } else if (act === 'close') socket.end();
    else if (act === 'flood') await flood(socket);
    else if (act === 'drip') await drip(socket);
    else if ('say' in act) socket.write(act.say, 'latin1');
    else if ('take' in act) heard[where] += await more(socket, act.take);
    else {
      while (!act.hear.test(heard[where].slice(from))) heard[where] += await more(socket);
      from = heard[where].length;
    }
  }
  for (;;) heard[where] += await more(socket);
}

function secured(plain: Socket, { certPem, keyPem }: Certificate): TLSSocket {
  const secureContext = createSecureContext({ cert: certPem, key: keyPem });
  const secure = new TLSSocket(plain, { isServer: true, secureContext });
  secure.on('error', () => secure.destroy());
  return secure;
}

async function more(socket: Socket, octets?: number): Promise<string> {
  for (;;) {
    const chunk: Buffer | null = socket.read(octets);
    if (chunk !== null) return chunk.toString('latin1');
    if (socket.destroyed || socket.readableEnded) throw new Error('the client left');
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}

/** Without an end, as fast as the client takes it. */
async function flood(socket: Socket): Promise<void> {
  while (!socket.destroyed) {
    if (!socket.write('x'.repeat(16_384))) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

/** One octet at a time, none of which is an answer. */
async function drip(socket: Socket): Promise<void> {
  while (!socket.destroyed) {
    socket.write('2');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
