/** A gateway in reverse around the sloppy client: what it brings about is what the plain client gets. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Dialect } from '../dialect.ts';
import { type ClientWeakness, type Target, upgrade } from './sloppy-client.ts';

export async function startSloppyGateway(
  dialect: Dialect,
  target: Target,
  weaknesses: readonly ClientWeakness[],
): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    pass(client).catch(() => client.destroy());
  });

  async function pass(client: Socket): Promise<void> {
    const { socket, believed, told, unread } = await upgrade(dialect, target, weaknesses);
    // Its greeting is whatever it heard.
    client.write(believed + told + unread, 'latin1');
    if (socket === undefined) {
      client.end();
      return;
    }
    sockets.add(socket);
    socket.pipe(client);
    client.pipe(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => client.end());
    client.on('close', () => socket.destroy());
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gateway has no port');
  return {
    port: address.port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
