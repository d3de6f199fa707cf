/** Accepts connections, behind proxies too, and keeps those that are attended to until the end. */
import type { Socket } from 'node:net';
import type { Deadlines } from './deadlines.ts';
import type { Doors } from './door.ts';
import { bindDoor } from './places.ts';
import { readProxyHeader } from './proxy.ts';

/** Somebody who is attended to. */
export interface Attended {
  /** Ends what is under way in the way of the protocol, and closes. */
  shutdown(): void;
  close(): void;
  readonly closed: Promise<void>;
}

/** The two ends of an accepted connection; behind a proxy those that the proxy tells. IPv4 is never mapped into IPv6. */
export interface Accepted {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The address is that of a proxy that named no client (LOCAL, UNKNOWN): it says nothing about who this is. */
  readonly anonymous: boolean;
}

export interface AcceptOptions {
  readonly address: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** What opens the door; absent: it is bound here. */
  readonly doors?: Doors | undefined;
  readonly deadlines: Deadlines;
  /** Whether an address that connects is a proxy: it has to introduce its clients by a PROXY header, nobody else may. */
  readonly proxies: (address: string) => boolean;
  /** @returns undefined where nobody attends to the connection, and it is closed already. */
  readonly receive: (socket: Socket, accepted: Accepted) => Attended | undefined;
  /** A proxy broke its protocol. */
  readonly onOddity: (what: string, accepted: Accepted) => void;
  /** A connection could not be accepted; told at most once a minute. */
  readonly onError: (what: string, error: unknown) => void;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** It stood before: once it is closed, this process cannot bind it again. */
  readonly stood: boolean;
  /** Stops accepting, lets what is under way finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

const ERRORS_EVERY_MS = 60_000;

/** @throws Node's error when the address cannot be bound. */
export async function accept(options: AcceptOptions): Promise<Listener> {
  const open = new Set<Attended>();
  const introduced = new Set<Socket>();

  const receive = (socket: Socket, accepted: Accepted): void => {
    const attended = options.receive(socket, accepted);
    if (attended === undefined) return;
    open.add(attended);
    void attended.closed.then(() => open.delete(attended));
  };

  const introduce = async (socket: Socket, proxy: Accepted): Promise<void> => {
    introduced.add(socket);
    const header = await readProxyHeader(socket, options.deadlines);
    introduced.delete(socket);
    if (header.kind === 'bad') {
      options.onOddity(`the connection of a proxy was closed: ${header.because}`, proxy);
      socket.destroy();
    } else if (!socket.destroyed) {
      const told = header.kind === 'client';
      receive(socket, { ...(told ? header.ends : proxy), anonymous: !told });
    }
  };

  const meet = (socket: Socket): void => {
    const accepted = endsOf(socket);
    if (accepted === undefined) socket.destroy();
    else if (options.proxies(accepted.remoteAddress)) void introduce(socket, accepted);
    else receive(socket, accepted);
  };
  const { address, port, doors } = options;
  const door = await (doors === undefined ? bindDoor(address, port, meet) : doors.open(address, port, meet));
  door.onError(oncePer(ERRORS_EVERY_MS, (error) => options.onError('accepting a connection', error)));
  return {
    address: door.address,
    port: door.port,
    stood: door.stood,
    close: async (graceMs) => {
      const stopped = door.close();
      for (const socket of introduced) socket.destroy();
      for (const attended of open) attended.shutdown();
      const timer = setTimeout(() => {
        for (const attended of open) attended.close();
      }, graceMs);
      await stopped;
      clearTimeout(timer);
    },
  };
}

function endsOf(socket: Socket): Accepted | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  // A client that was gone before we looked has no address any more.
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return {
    remoteAddress: unmapped(remoteAddress),
    remotePort,
    localAddress: unmapped(localAddress),
    localPort,
    anonymous: false,
  };
}

/** A listener on `::` sees IPv4 clients under addresses of IPv6 (RFC 4291 §2.5.5.2). */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=[0-9.]+$)/i, '');
}

/** Passes on the first of many, and not the next before `ms` have passed. */
function oncePer(ms: number, tell: (error: Error) => void): (error: Error) => void {
  let next = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    if (now < next) return;
    next = now + ms;
    tell(error);
  };
}
