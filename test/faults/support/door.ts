/** A port in front of a server, at which nobody is let in until it is opened. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Door {
  readonly port: number;
  /** Connections so far, those that were turned away included. */
  readonly knocks: number;
  open(): void;
  close(): void;
}

export async function openDoor(to: number): Promise<Door> {
  const sockets = new Set<Socket>();
  let isOpen = false;
  let knocks = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer({ noDelay: true }, (outside) => {
    knocks += 1;
    keep(outside);
    if (!isOpen) return void outside.destroy();
    const inside = connect({ port: to, host: '127.0.0.1', noDelay: true });
    keep(inside);
    outside.pipe(inside).pipe(outside);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the door has no port');
  return {
    port: address.port,
    get knocks() {
      return knocks;
    },
    open() {
      isOpen = true;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
