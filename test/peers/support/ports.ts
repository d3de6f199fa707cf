/** Ports for programs that cannot choose one and say which. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port of this address that was free a moment ago. */
export async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  if (bound === null || typeof bound === 'string') throw new Error('no port was free');
  return bound.port;
}

/** Waits until something accepts connections; says `otherwise()` when nothing does in time. */
export async function waitForPort(address: string, port: number, otherwise: () => string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await accepts(address, port))) {
    if (Date.now() > deadline) throw new Error(`nothing listens on ${address}:${port}\n${otherwise()}`);
    await sleep(20);
  }
}

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', (failed) => resolve(!failed));
  });
}
