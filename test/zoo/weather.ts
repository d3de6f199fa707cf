/** A way to a server on which nothing comes at once: octets of the server in pieces of any size, all of it at random moments. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Way {
  readonly port: number;
  readonly close: () => void;
}

const LONGEST_DELAY_MS = 4;
/** Most pieces are small, as those are the ones that split a line. */
const LARGEST_PIECE = 40;

/**
 * Opens a way to a port of 127.0.0.1.
 *
 * What the client writes at once stays together: whether two commands come in one segment is the question that is asked.
 *
 * @param random in [0, 1).
 */
export async function roughWay(port: number, random: () => number): Promise<Way> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    carry(client, target, random, (bytes) => [bytes]).catch(() => target.destroy());
    carry(target, client, random, (bytes) => piecesOf(bytes, random)).catch(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the way has no port');
  return {
    port: address.port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      // Of those who were on their way in.
      server.on('connection', (socket) => socket.destroy());
    },
  };
}

async function carry(
  from: Socket,
  to: Socket,
  random: () => number,
  cut: (bytes: Buffer) => readonly Buffer[],
): Promise<void> {
  for await (const chunk of from) {
    if (!Buffer.isBuffer(chunk)) throw new Error('the way carries octets only');
    for (const piece of cut(chunk)) {
      if (random() < 0.3) await sleep(random() * LONGEST_DELAY_MS);
      to.write(piece);
    }
  }
  to.end();
}

function piecesOf(bytes: Buffer, random: () => number): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Certificates in pieces of a few octets would take for ever, and split nothing that is read by lines.
    const most = bytes.length > 400 ? bytes.length : LARGEST_PIECE;
    const size = 1 + Math.floor(random() * most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Random numbers that come again with the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
