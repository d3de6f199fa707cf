/** Ports for programs that cannot choose one and say which. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

// Below the range from which Linux takes the ports of outgoing connections: those come and go all the time.
const LOWEST = 12_000;
const HIGHEST = 30_000;

const given = new Set<number>();

/** A port of this address that was free a moment ago; never one that was given before. */
export async function freePort(address: string): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port)) continue;
    const server = createServer().listen(port, address);
    const taken = await once(server, 'listening').then(
      () => false,
      () => true,
    );
    if (taken) continue;
    server.close();
    await once(server, 'close');
    given.add(port);
    return port;
  }
}

/** Waits until something accepts connections; says `otherwise()` when nothing does in time, or ever will. */
export async function waitForPort(
  address: string,
  port: number,
  otherwise: () => string,
  isOver: () => boolean = () => false,
): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await accepts(address, port))) {
    if (isOver() || Date.now() > deadline)
      throw new Error(`nothing listens on ${address}:${port}\n${otherwise()}`);
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
