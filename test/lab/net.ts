/** The addresses of a lab: a network of 256 on loopback that no other lab on this host has. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where something listens. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

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

/** How often, each 50 ms, the servers of a lab that was killed are given time to end. */
const ROUNDS = 40;

/**
 * Takes the first network that is free.
 *
 * The first, because zones are signed for the addresses in them: what was signed for it is used again.
 *
 * @param used the last numbers of addresses with servers at port 53.
 */
export async function takeNet(used: readonly number[]): Promise<Net> {
  for (let number = 0; number < NETWORKS; number += 1) {
    const prefix = `127.80.${number}`;
    const watchman = await listenAt(`${prefix}.${WATCHMAN}`);
    if (watchman === null) continue;
    if (await isQuiet(used.map((last) => `${prefix}.${last}`))) {
      return {
        prefix,
        address: (last) => `${prefix}.${last}`,
        close: () => stop(watchman),
      };
    }
    await stop(watchman);
  }
  throw new Error(`all of 127.80.0.0 to 127.80.${NETWORKS - 1}.255 is taken by labs`);
}

async function isQuiet(addresses: readonly string[]): Promise<boolean> {
  let left = [...addresses];
  for (let round = 0; round < ROUNDS; round += 1) {
    const probes = await Promise.all(left.map((address) => listenAt(address)));
    left = left.filter((_, index) => probes[index] === null);
    await Promise.all(probes.flatMap((probe) => (probe === null ? [] : [stop(probe)])));
    if (left.length === 0) return true;
    await sleep(50);
  }
  return false;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}

/** @returns null where somebody else listens. */
async function listenAt(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy()).listen(53, address);
  const failed = once(server, 'error').then(([error]: unknown[]) => error);
  const error = await Promise.race([failed, once(server, 'listening').then(() => null)]);
  if (error === null) return server;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return null;
  throw error;
}
