/**
 * Places that are bound before somebody listens there.
 *
 * Two need it: a service manager that hands over its sockets, so that no connection is refused while we restart, and a
 * process that binds as root and is root no longer when it reads what a peer sends. Whoever connects meanwhile waits.
 */
import { createServer, type Server, type ServerOpts, type Socket } from 'node:net';
import { formatHostPort, groupsOf } from '../names/address.ts';
import { type Door, type Doors, doorOf } from './door.ts';
import type { InheritedSocket } from './inherited.ts';

/** A socket that stands already, or where one is to stand. */
export type PlaceSource =
  | ({ readonly kind: 'inherited' } & InheritedSocket)
  | { readonly kind: 'bind'; readonly address: string; readonly port: number };

export interface BoundPlace {
  readonly address: string;
  readonly port: number;
  /** As in {@link InheritedSocket}; null where we bound it. */
  readonly name: string | null;
}

export interface Places extends Doors {
  /** Those that nobody has taken. */
  readonly left: readonly BoundPlace[];
  /** Takes the server that stands there, once, with the connections that wait; where none stands, the place is bound. */
  open(address: string, port: number, receive: (socket: Socket) => void): Promise<Door>;
  /** Closes what nobody has taken, with those who wait there. */
  close(): void;
}

/** Half-open: a client that sends QUIT and closes its side still gets our answer. */
const SERVER_OPTIONS = { allowHalfOpen: true, noDelay: true };

/** Connections that may wait to be accepted: with Node's 511 a rush of clients is told nothing for seconds. */
export const BACKLOG = 4_096;

/** Of a connection that was accepted: `paused` leaves every octet of it to the process that it is handed to. */
export type Reading = 'read' | 'paused';

function optionsOf(reading: Reading): ServerOpts {
  return { ...SERVER_OPTIONS, pauseOnConnect: reading === 'paused' };
}

/** @throws Node's error when the address cannot be bound. */
export async function bindDoor(
  address: string,
  port: number,
  receive: (socket: Socket) => void,
  reading: Reading = 'read',
): Promise<Door> {
  const server = createServer(optionsOf(reading), receive);
  await listenAt(server, { kind: 'bind', address, port });
  return doorOf(server, false);
}

interface Standing extends BoundPlace {
  readonly server: Server;
  /** Ends the waiting. */
  release(receive: (socket: Socket) => void): void;
  close(): void;
}

/**
 * Opens all of them, and binds only what was not handed over; all that before the first connection is looked at: addresses are no names, so Node binds within this turn of
 * its loop, and who gives up root right after this has done so before any peer is heard.
 *
 * @param reading of connections at all its doors.
 * @throws Node's error where one cannot be bound, or an error that names the socket that is none for TCP; all are closed.
 */
export async function openPlaces(
  sources: readonly PlaceSource[],
  reading: Reading = 'read',
): Promise<Places> {
  let standing: readonly Standing[] = [];
  const close = (): void => {
    for (const one of standing) one.close();
    standing = [];
  };
  const openAll = async (some: readonly PlaceSource[]): Promise<void> => {
    const opened = await Promise.allSettled(some.map((source) => open(source, reading)));
    standing = [...standing, ...opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
    const failed = opened.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    close();
    throw failed.reason;
  };
  await openAll(sources.filter(({ kind }) => kind === 'inherited'));
  await openAll(
    sources.filter(
      (source) =>
        source.kind === 'bind' && !standing.some((one) => isPlace(one, source.address, source.port)),
    ),
  );
  return {
    get left() {
      return standing.map(({ address, port, name }) => ({ address, port, name }));
    },
    open(address, port, receive) {
      const taken = standing.find((one) => isPlace(one, address, port));
      if (taken === undefined) return bindDoor(address, port, receive, reading);
      standing = standing.filter((one) => one !== taken);
      taken.release(receive);
      return Promise.resolve(doorOf(taken.server, true));
    },
    close,
  };
}

/** Whether both are the same, however IPv6 is written. */
export function isPlace(
  place: { readonly address: string; readonly port: number },
  address: string,
  port: number,
): boolean {
  return place.port === port && spelling(place.address) === spelling(address);
}

function spelling(address: string): string {
  return address.includes(':') ? groupsOf(address).join(':') : address;
}

async function open(source: PlaceSource, reading: Reading): Promise<Standing> {
  const waiting: Socket[] = [];
  const wait = (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    socket.unref();
    if (waiting.length < BACKLOG) waiting.push(socket);
    else socket.destroy();
  };
  // A start that fails ends the process: until somebody listens here nothing of this keeps it.
  const server = createServer(optionsOf(reading), wait).unref();
  await listenAt(server, source);
  const at = server.address();
  if (at === null || typeof at === 'string') {
    server.close();
    throw new Error(`${describe(source)} is no socket for TCP`);
  }
  return {
    address: at.address,
    port: at.port,
    name: source.kind === 'inherited' ? source.name : null,
    server,
    release(receive) {
      server.removeListener('connection', wait);
      server.on('connection', receive);
      server.ref();
      for (const socket of waiting.splice(0)) if (!socket.destroyed) receive(socket.ref());
    },
    close() {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}

function listenAt(server: Server, source: PlaceSource): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        source.kind === 'bind'
          ? error
          : new Error(`${describe(source)} is no socket for TCP: ${error.message}`, { cause: error }),
      );
    const done = (): void => {
      server.removeListener('error', fail);
      resolve();
    };
    server.once('error', fail);
    if (source.kind === 'bind') {
      server.listen({ host: source.address, port: source.port, backlog: BACKLOG }, done);
    } else {
      server.listen({ fd: source.descriptor }, BACKLOG, done);
    }
  });
}

function describe(source: PlaceSource): string {
  return source.kind === 'bind'
    ? formatHostPort(source.address, source.port)
    : `descriptor ${source.descriptor} (${source.name}), which the service manager handed over,`;
}
