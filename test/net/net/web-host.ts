/** A web server that says what it is told to say, honest or not. It shares no code with src/. */
import { once } from 'node:events';
import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';

export interface WebHost {
  readonly address: string;
  readonly port: number;
  /** The head of each request, latin1. */
  readonly requests: readonly string[];
  /** The names that were asked for by SNI. */
  readonly serverNames: readonly (string | false | null)[];
  /** How many connections came. */
  connections(): number;
}

export interface WebHostOptions {
  readonly certificate?: Certificate;
  readonly tls?: TlsOptions;
  readonly address?: string;
  readonly port?: number;
}

/** Answers each request with `respond`, which may say anything and never end. */
export async function startWebHost(
  t: TestContext,
  respond: (socket: TLSSocket) => void,
  { certificate, tls = {}, address = '127.0.0.1', port = 0 }: WebHostOptions,
): Promise<WebHost> {
  const requests: string[] = [];
  const serverNames: (string | false | null)[] = [];
  const options = {
    cert: certificate?.certPem,
    key: certificate?.keyPem,
    ALPNProtocols: ['http/1.1'],
    ...tls,
  };
  const server = createServer({ ...options, allowHalfOpen: true }, (socket) => {
    serverNames.push(socket.servername);
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      requests.push(head);
      head = '';
      respond(socket);
    });
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return { ...(await listening(t, server, address, port)), requests, serverNames };
}

/** Speaks no TLS: says something at once, or nothing at all. */
export async function startPlainHost(
  t: TestContext,
  respond: (socket: Socket) => void,
): Promise<Pick<WebHost, 'address' | 'port'>> {
  return await listening(t, createPlainServer({ allowHalfOpen: true }, respond), '127.0.0.1', 0);
}

/** The text of an answer with status 200 and all that a policy needs, but for what `fields` overrides; null: left out. */
export function http(body: string, fields: Record<string, string | null> = {}, status = '200 OK'): string {
  const all = {
    'Content-Type': 'text/plain',
    'Content-Length': String(Buffer.byteLength(body)),
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}\r\n`],
  );
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
}

async function listening(
  t: TestContext,
  server: Server,
  address: string,
  port: number,
): Promise<{ address: string; port: number; connections: () => number }> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, address);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return { address, port: bound.port, connections: () => count };
}
