/** DNS over TLS and over HTTPS by a script. */
import { once } from 'node:events';
import { createSecureServer, type Http2ServerResponse, type IncomingHttpHeaders } from 'node:http2';
import type { Server } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer } from 'node:tls';
import type { Certificate } from '../certificates.ts';
import { act, onFrames, type Received, readQuery, type Script } from './server.ts';

export interface SecureServer {
  readonly port: number;
  readonly received: readonly Received[];
  readonly connections: number;
  /** SNI of each connection; null where there was none. */
  readonly serverNames: readonly (string | null)[];
  /** ALPN of each connection. */
  readonly protocols: readonly (string | null)[];
}

/** RFC 7858. @param protocols what it says to ALPN; empty: it knows nothing of it. */
export async function startTlsServer(
  t: Pick<TestContext, 'after'>,
  certificate: Certificate,
  script: Script,
  protocols: readonly string[] = ['dot'],
): Promise<SecureServer> {
  const received: Received[] = [];
  const serverNames: (string | null)[] = [];
  const agreed: (string | null)[] = [];
  const server = createServer({
    cert: certificate.certPem,
    key: certificate.keyPem,
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  });
  server.on('secureConnection', (socket) => {
    // Typed as string; Node gives false where the client named no server, and where no protocol was agreed on.
    const name: unknown = Reflect.get(socket, 'servername');
    serverNames.push(typeof name === 'string' ? name : null);
    agreed.push(typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : null);
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    onFrames(socket, (bytes) => {
      const query = readQuery(bytes, 'tcp', socket.remotePort ?? 0, serverNames.length);
      if (query === undefined) return;
      received.push(query);
      void act(socket, script(query));
    });
  });
  server.on('tlsClientError', () => undefined);
  const port = await listening(t, server);
  return {
    port,
    received,
    serverNames,
    protocols: agreed,
    get connections() {
      return serverNames.length;
    },
  };
}

export interface HttpsServer extends SecureServer {
  readonly requests: readonly IncomingHttpHeaders[];
  /** Says that no more requests are taken (GOAWAY), or hangs up. */
  leave(how: 'goaway' | 'destroy'): void;
}

/** What a server of HTTPS does with one question. */
export type Respond = (response: Http2ServerResponse, query: Received) => void;

/** RFC 8484, by HTTP/2 only. */
export async function startHttpsServer(
  t: Pick<TestContext, 'after'>,
  certificate: Certificate,
  respond: Respond,
): Promise<HttpsServer> {
  const received: Received[] = [];
  const requests: IncomingHttpHeaders[] = [];
  const serverNames: (string | null)[] = [];
  const sessions = new Set<{ goaway(): void; destroy(): void }>();
  const server = createSecureServer({ cert: certificate.certPem, key: certificate.keyPem });
  server.on('session', (session) => {
    serverNames.push(null);
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
    t.after(() => session.destroy());
  });
  server.on('request', (request, response) => {
    requests.push(request.headers);
    const pieces: Buffer[] = [];
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const query = readQuery(Buffer.concat(pieces), 'tcp', 0, serverNames.length);
      if (query === undefined) return;
      received.push(query);
      respond(response, query);
    });
  });
  const port = await listening(t, server);
  return {
    port,
    received,
    requests,
    serverNames,
    protocols: [],
    get connections() {
      return serverNames.length;
    },
    leave(how) {
      for (const session of sessions) {
        if (how === 'goaway') session.goaway();
        else session.destroy();
      }
    },
  };
}

async function listening(t: Pick<TestContext, 'after'>, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}
