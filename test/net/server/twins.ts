/** Servers that are broken on purpose: a check that does not convict them proves nothing of ours. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';

/** What is wrong with it. */
export type Flaw =
  /** What was read behind STARTTLS is run inside TLS (CVE-2011-0411). */
  | 'keeps-the-leftover'
  /** Content also ends at a dot between bare line feeds (CVE-2023-51764). */
  | 'ends-at-bare-lf'
  /** Every octet moves the deadline. */
  | 'idle-timeout-only';

export interface Twin {
  readonly port: number;
  /** Messages taken so far. */
  readonly messages: readonly string[];
}

const PATIENCE_MS = 300;

/** Starts one; it is closed when the test ends. */
export async function startTwin(t: TestContext, certificate: Certificate, flaw: Flaw): Promise<Twin> {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (flaw === 'idle-timeout-only') socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    serve(socket, certificate, flaw, messages);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the twin has no port');
  return { port: address.port, messages };
}

function serve(plain: Socket, certificate: Certificate, flaw: Flaw, messages: string[]): void {
  let socket = plain;
  let unread = '';
  let inContent = false;
  const end = flaw === 'ends-at-bare-lf' ? /\r?\n\.\r?\n/ : /\r\n\.\r\n/;

  function work(): void {
    for (;;) {
      const found = inContent ? end.exec(unread) : /\r?\n/.exec(unread);
      if (found === null) return;
      const text = unread.slice(0, found.index);
      unread = unread.slice(found.index + found[0].length);
      if (inContent) {
        messages.push(text);
        inContent = false;
        socket.write('250 taken\r\n');
      } else if (command(text)) return;
    }
  }

  /** @returns whether the handshake is next. */
  function command(line: string): boolean {
    const verb = line.split(' ')[0]?.toUpperCase();
    if (verb === 'STARTTLS') {
      plain.write('220 go\r\n');
      secure();
      return true;
    }
    inContent = verb === 'DATA';
    if (verb === 'QUIT') socket.end('221 bye\r\n');
    else socket.write(inContent ? '354 go on\r\n' : `250 ${line}\r\n`);
    return false;
  }

  function secure(): void {
    plain.removeAllListeners('data');
    const inside = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({ cert: certificate.certPem, key: certificate.keyPem }),
    });
    inside.on('error', () => inside.destroy());
    inside.on('secure', () => {
      socket = inside;
      // The flaw: `unread` still holds what came in clear.
      work();
    });
    listen(inside);
  }

  function listen(from: Socket): void {
    from.on('data', (bytes: Buffer) => {
      unread += bytes.toString('latin1');
      work();
    });
  }
  listen(plain);
  plain.write('220 twin.test\r\n');
}
