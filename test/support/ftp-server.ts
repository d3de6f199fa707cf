/** The upgrade of an FTP server, as a server: `src/protocols/ftp/server.ts` on sockets. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { openCertificates } from '../../src/net/certificates.ts';
import { startDeadlines } from '../../src/net/deadlines.ts';
import { handshakes } from '../../src/net/handshake.ts';
import { mediate } from '../../src/net/mediate.ts';
import { ftpServer } from '../../src/protocols/ftp/server.ts';
import { beginGatewaySession } from '../../src/wire/gateway-session.ts';
import type { Certificate } from './certificates.ts';

export interface FtpServer {
  readonly port: number;
  /** The users of logins that were sent in clear. */
  readonly exposed: readonly (string | null)[];
}

const patience = {
  clear: 5_000,
  handshake: 5_000,
  connect: 5_000,
  idle: 5_000,
  session: Number.POSITIVE_INFINITY,
};

/** Starts it on loopback; it is closed when the test ends. */
export async function startFtpServer(t: TestContext, certificate: Certificate): Promise<FtpServer> {
  const exposed: (string | null)[] = [];
  const deadlines = startDeadlines(50);
  const upgrade = handshakes(openCertificates([certificate]), ['ftp']);
  const sockets = new Set<Socket>();
  const nobody = (): Promise<never> => Promise.reject(new Error('there is no backend'));
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    mediate(socket, {
      run: beginGatewaySession(ftpServer({ hostname: 'ftp.example.test' })),
      tls: 'starttls',
      upgrade,
      admit: () => undefined,
      backend: { connect: nobody, secure: nobody },
      deadlines,
      patience,
      watch: {
        onSecured: () => undefined,
        onHandshakeFailed: () => undefined,
        onUpstream: () => undefined,
        onExposed: (user) => exposed.push(user),
        onClear: () => undefined,
        onOddity: () => undefined,
      },
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    deadlines.close();
  });
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the server has no port');
  return { port: at.port, exposed };
}
