/** Doors at which another process listens: it hands each connection over, before an octet of it was read. */
import type { Socket } from 'node:net';
import type { Doors } from './door.ts';

/** One of the doors of the process that listens. Port 0 is another port for each `turn`. */
export interface DoorName {
  readonly address: string;
  readonly port: number;
  readonly turn: number;
}

/** Where it is open by now, or Node's error. */
export type DoorAnswer =
  | { readonly kind: 'open'; readonly address: string; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string; readonly because: string };

export interface DoorRequests {
  open(name: DoorName): Promise<DoorAnswer>;
  close(name: DoorName): void;
}

export interface HandedOver extends Doors {
  /** A connection has come in at one of the doors. */
  receive(name: DoorName, socket: Socket): void;
}

interface OpenDoor {
  readonly receive: (socket: Socket) => void;
  readonly sockets: Set<Socket>;
}

/** The doors of this process, of which `requests` ask the one that listens. */
export function handedOver(requests: DoorRequests): HandedOver {
  const doors = new Map<string, OpenDoor>();

  function nextName(address: string, port: number): DoorName {
    let turn = 0;
    while (doors.has(textOf({ address, port, turn }))) turn += 1;
    return { address, port, turn };
  }

  return {
    async open(address, port, receive) {
      const name = nextName(address, port);
      // As the system has it: what is bound cannot be bound once more.
      if (port !== 0 && name.turn > 0) throw failure('EADDRINUSE', `${address}:${port} is open already`);
      const key = textOf(name);
      const sockets = new Set<Socket>();
      doors.set(key, { receive, sockets });
      const answer = await requests.open(name);
      if (answer.kind === 'failed') {
        doors.delete(key);
        throw failure(answer.code, answer.because);
      }
      return {
        address: answer.address,
        port: answer.port,
        stood: false,
        // Whoever listens says so.
        onError: () => undefined,
        async close() {
          requests.close(name);
          doors.delete(key);
          await Promise.all([...sockets].map(gone));
        },
      };
    },
    receive(name, socket) {
      const door = doors.get(textOf(name));
      if (door === undefined) {
        socket.destroy();
        return;
      }
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      door.sockets.add(socket);
      socket.once('close', () => door.sockets.delete(socket));
      door.receive(socket);
    },
  } satisfies HandedOver;
}

/** One text for each door. */
export function textOf({ address, port, turn }: DoorName): string {
  return `${address} ${port} ${turn}`;
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

function failure(code: string, because: string): Error {
  return Object.assign(new Error(because), { code });
}
