/** A stream as the network never promised it: octets in pieces of any size, with stalls, read as unevenly. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LARGEST_PIECE = 200_000;
/** One of so many pieces is followed by a stall. */
const STALL_EVERY = 40;
const LONGEST_STALL_MS = 10;
/** Where pieces are cut from. */
const pool = randomBytes(1 << 20);

/** Sends so many octets, which nobody knows beforehand. @returns their SHA-256, hexadecimal. */
export async function giveRestlessly(socket: Socket, octets: number): Promise<string> {
  const digest = createHash('sha256');
  for (let given = 0; given < octets; ) {
    const piece = cutPiece(octets - given);
    given += piece.length;
    digest.update(piece);
    if (socket.destroyed) throw new Error(`the connection broke after ${given} octets were written`);
    if (!socket.write(piece)) await drained(socket);
    await stallSometimes();
  }
  return digest.digest('hex');
}

/** Takes exactly so many and puts back what follows. @returns their SHA-256, hexadecimal. @throws where they end early. */
export async function takeRestlessly(socket: Socket, octets: number): Promise<string> {
  const digest = createHash('sha256');
  for (let taken = 0; taken < octets; ) {
    const bytes: unknown = socket.read();
    if (!(bytes instanceof Buffer)) {
      if (socket.readableEnded || socket.destroyed)
        throw new Error(`the connection ended after ${taken} of ${octets} octets`);
      await readable(socket);
      continue;
    }
    const wanted = bytes.subarray(0, octets - taken);
    digest.update(wanted);
    taken += wanted.length;
    if (wanted.length < bytes.length) socket.unshift(bytes.subarray(wanted.length));
    await stallSometimes();
  }
  return digest.digest('hex');
}

/** Small pieces are as frequent as large ones: each order of magnitude has its turn. */
function cutPiece(most: number): Buffer {
  const length = Math.min(most, 1 + Math.floor(LARGEST_PIECE ** (randomInt(1_000_000) / 1_000_000)));
  const start = randomInt(pool.length);
  return pool.subarray(start, start + length);
}

async function stallSometimes(): Promise<void> {
  if (randomInt(STALL_EVERY) === 0) await sleep(randomInt(LONGEST_STALL_MS));
}

async function drained(socket: Socket): Promise<void> {
  await either(socket, 'drain');
}

async function readable(socket: Socket): Promise<void> {
  await either(socket, 'readable', 'end');
}

/** Waits for one of these, or for the end of the connection. */
async function either(socket: Socket, ...names: readonly string[]): Promise<void> {
  const over = new AbortController();
  const any = [...names, 'close'].map((name) => once(socket, name, { signal: over.signal }));
  for (const one of any) one.catch(() => undefined);
  try {
    await Promise.race(any);
  } finally {
    over.abort();
  }
}
