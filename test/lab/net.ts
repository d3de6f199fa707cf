/** The addresses of a lab: a network of 256 on loopback that no other lab on this host has. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** A network that belongs to one lab. */
export interface Net {
  /** The first three numbers: `127.80.0`. */
  readonly prefix: string;
  /** The address that ends with this number. */
  readonly address: (last: number) => string;
  readonly close: () => Promise<void>;
}

/** More than labs ever run side by side. */
const NETWORKS = 64;

/** Listens while the lab lives, so that others see that the network is taken; the kernel lets go at the end. */
const WATCHMAN = 254;

/**
 * Takes the first network that is free.
 *
 * The first, because zones are signed for the addresses in them: what was signed for it is used again.
 */
export async function takeNet(): Promise<Net> {
  for (let number = 0; number < NETWORKS; number += 1) {
    const prefix = `127.80.${number}`;
    const watchman = await listenAt(`${prefix}.${WATCHMAN}`);
    if (watchman === null) continue;
    return {
      prefix,
      address: (last) => `${prefix}.${last}`,
      async close() {
        watchman.close();
        await once(watchman, 'close');
      },
    };
  }
  throw new Error(`all of 127.80.0.0 to 127.80.${NETWORKS - 1}.255 is taken by labs`);
}

async function listenAt(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy()).listen(53, address);
  const failed = once(server, 'error').then(([error]: unknown[]) => error);
  const error = await Promise.race([failed, once(server, 'listening').then(() => null)]);
  if (error === null) return server;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return null;
  throw error;
}
