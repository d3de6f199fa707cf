/** The role of the server: the engine of our side of the upgrade alone, on a socket of its own, before a plain backend. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { alpnOf, beginFront } from '../../../src/gateway/protocols.ts';
import type { BackendWays } from '../../../src/net/backend-side.ts';
import { openCertificates } from '../../../src/net/certificates.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { dialPlain } from '../../../src/net/dial-plain.ts';
import { handshakes } from '../../../src/net/handshake.ts';
import { mediate } from '../../../src/net/mediate.ts';
import type { MediateOptions } from '../../../src/net/mediation.ts';
import { ftpServer } from '../../../src/protocols/ftp/server.ts';
import { beginGatewaySession, type FrontRules, type GatewayRun } from '../../../src/wire/gateway-session.ts';
import type { DefenderRole } from '../defender.ts';
import type { Protocol } from '../dialect.ts';

/** RFC 4217 has no name for it in ALPN but IANA does. */
const FTP_ALPN = ['ftp'];

const rules: FrontRules = {
  hostname: 'server.test',
  requireTls: true,
  client: { address: '127.0.0.1', port: 1 },
  xclient: false,
  backendIsLocal: false,
  nonce: 'nonce-1',
};

export const serverRole: DefenderRole = {
  async ours(options) {
    const { dialect, certificate, patienceMs } = options;
    const deadlines = startDeadlines(10);
    const sockets = new Set<Socket>();
    const upgrade = handshakes(
      openCertificates([certificate]),
      dialect.protocol === 'ftp' ? FTP_ALPN : alpnOf(dialect.protocol),
    );
    const attend = (socket: Socket, tls: MediateOptions['tls']): void => {
      sockets.add(socket);
      mediate(socket, {
        run: runOf(dialect.protocol),
        tls,
        upgrade,
        admit: () => undefined,
        backend: waysTo(options.backend, deadlines),
        deadlines,
        patience: { clear: patienceMs, handshake: patienceMs, connect: 5_000, idle: 5_000, session: 60_000 },
        watch: noWatch,
      });
    };
    const [plain, implicit] = await Promise.all(
      (['starttls', 'implicit'] as const).map((tls) => listen((socket) => attend(socket, tls))),
    );
    return {
      port: plain?.port ?? 0,
      tlsPort: implicit?.port ?? 0,
      taken: [],
      close() {
        for (const server of [plain, implicit]) server?.close();
        for (const socket of sockets) socket.destroy();
        deadlines.close();
      },
    };
  },
  speaks: () => true,
  hasBackend: (protocol) => protocol !== 'ftp',
};

function runOf(protocol: Protocol): GatewayRun {
  if (protocol === 'ftp') return beginGatewaySession(ftpServer(rules));
  return beginFront(protocol, rules);
}

function waysTo(port: number, deadlines: ReturnType<typeof startDeadlines>): BackendWays {
  return {
    async connect(_name, signal) {
      const target = { kind: 'tcp', address: '127.0.0.1', port } as const;
      try {
        const socket = await dialPlain(target, { deadlines, within: 5_000, signal });
        return { kind: 'connected', socket, unread: new Uint8Array(), upstream: undefined };
      } catch (error) {
        return { kind: 'unreachable', because: `the backend: ${String(error)}` };
      }
    },
    secure: () => Promise.resolve({ kind: 'unreachable', because: 'the backend has no TLS' }),
  };
}

async function listen(receive: (socket: Socket) => void): Promise<{ readonly port: number; close(): void }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, receive);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, close: () => void server.close() };
}

const noWatch: MediateOptions['watch'] = {
  onSecured: () => undefined,
  onHandshakeFailed: () => undefined,
  onUpstream: () => undefined,
  onExposed: () => undefined,
  onClear: () => undefined,
  onOddity: () => undefined,
};
