/** Listens where programs of this host, or of its network, ask for something: at an address, or at a file. */
import { lstatSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Attended } from './accept.ts';
import { BACKLOG } from './places.ts';

export type LocalPlace =
  | {
      readonly kind: 'address';
      readonly address: string /** 0: the system chooses. */;
      readonly port: number;
    }
  | {
      readonly kind: 'file';
      readonly path: string /** Of the file: who may connect. */;
      readonly mode: number;
    };

export interface LocalListenerOptions {
  readonly place: LocalPlace;
  /** Connections at once, asked for each; more are closed as they come. */
  readonly most: () => number;
  readonly receive: (socket: Socket) => Attended;
  /** What is to listen; absent: a plain server. One of a protocol's own has taken the connection when it is received. */
  readonly server?: Server;
  /** Sets the mask for new files of this process, and gives back the one before. */
  readonly umask: (mask: number) => number;
  /** It fails while it serves. */
  readonly onError: (error: unknown) => void;
}

export interface LocalListener {
  /** With the port that it got. */
  readonly place: LocalPlace;
  /** How many are connected. */
  readonly connections: number;
  /** Takes nobody in any more, lets what is under way finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

/** @throws Node's error where the place cannot be had; EADDRINUSE also where somebody answers at the file, ENOENT without its folder. */
export async function listenLocally(options: LocalListenerOptions): Promise<LocalListener> {
  const { place, most, receive, onError } = options;
  const open = new Set<Attended>();
  const server = options.server ?? createServer({ allowHalfOpen: true, noDelay: true });
  // In front of the listener that would begin with the protocol.
  server.prependListener('connection', (socket: Socket) => {
    if (open.size >= most()) {
      socket.on('error', () => socket.destroy());
      socket.destroy();
      return;
    }
    const attended = receive(socket);
    open.add(attended);
    void attended.closed.then(() => open.delete(attended));
  });
  if (place.kind === 'file') await clear(place.path);
  await bind(server, options);
  server.on('error', onError);
  return {
    place: boundPlace(server, place),
    get connections() {
      return open.size;
    },
    async close(graceMs) {
      // Node removes the file with its server.
      const stopped = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const attended of open) attended.shutdown();
      const timer = setTimeout(() => {
        for (const attended of open) attended.close();
      }, graceMs);
      await stopped;
      clearTimeout(timer);
    },
  };
}

function bind(server: Server, { place, umask }: LocalListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const done = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (place.kind === 'address') {
      server.listen({ host: place.address, port: place.port, backlog: BACKLOG }, done);
      return;
    }
    // The file is there before `listen` returns. With a chmod after it, others could connect in between.
    const before = umask(0o777 & ~place.mode);
    try {
      server.listen({ path: place.path, backlog: BACKLOG }, done);
    } finally {
      umask(before);
    }
  });
}

function boundPlace(server: Server, place: LocalPlace): LocalPlace {
  const at = server.address();
  if (place.kind === 'file' || at === null || typeof at === 'string') return place;
  return { kind: 'address', address: at.address, port: at.port };
}

/**
 * Removes the file of a process that is gone.
 * @throws Error with the code EADDRINUSE where it is not one, or somebody answers; with ENOENT where there is no such folder.
 */
async function clear(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    const folder = dirname(path);
    // Of such a folder Node says EACCES, "permission denied".
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw failed('ENOENT', `there is no folder ${folder} for the socket ${path}: it has to be made first`);
    return;
  }
  if (!found.isSocket()) throw failed('EADDRINUSE', `${path} is there and no socket`);
  if (await answers(path)) throw failed('EADDRINUSE', `another process listens at ${path}`);
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Whoever may not ask must not take the place either.
    socket.once('error', (error) => resolve(!('code' in error && error.code === 'ECONNREFUSED')));
  });
}

function failed(code: 'EADDRINUSE' | 'ENOENT', message: string): Error {
  return Object.assign(new Error(message), { code });
}
