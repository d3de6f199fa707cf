/** Listens for other processes, and hands each connection over to one of them before an octet of it is read. */
import type { Socket } from 'node:net';
import type { Door } from './door.ts';
import { type DoorAnswer, type DoorName, textOf } from './handed-over.ts';
import { BACKLOG, type Places } from './places.ts';

/** A process that takes connections. */
export interface Taker {
  readonly number: number;
  /**
   * Hands one over.
   *
   * @param done told once: null where the connection has left, else why it could not, and it is here still.
   */
  give(name: DoorName, socket: Socket, done: (error: Error | null) => void): void;
}

export interface DoorKeeper {
  /** From now on it gets connections that come in there, in turn with others. */
  open(taker: Taker, name: DoorName): Promise<DoorAnswer>;
  /** It gets no more there. */
  close(taker: Taker, name: DoorName): void;
  /** It gets no more anywhere: it is about to stop. */
  leave(taker: Taker): void;
  /** It is no more; what it had not taken yet goes to others. */
  gone(taker: Taker): void;
  /** Closes the doors that nobody has open. */
  tidy(): void;
  /** Closes all doors, with those who wait at them. */
  shut(): void;
}

/** One door, and who takes what comes in there. */
interface Kept {
  readonly name: DoorName;
  readonly opening: Promise<Door>;
  readonly takers: Set<Taker>;
  /** Who came while there was nobody. */
  readonly waiting: Socket[];
}

export interface DoorKeeperParts {
  /** With `paused` reading. */
  readonly places: Pick<Places, 'open'>;
  /** Who has to take what comes from an address; undefined: whoever is idlest. */
  readonly choose: (address: string, takers: readonly [number, ...number[]]) => number | undefined;
  /** A connection could not be accepted. */
  readonly onError: (what: string, error: unknown) => void;
}

const nobody: ReadonlySet<Taker> = new Set();

export function keepDoors({ places, choose, onError }: DoorKeeperParts): DoorKeeper {
  const doors = new Map<string, Kept>();
  /** What was said to be handed over, and has not left yet. */
  const leaving = new Map<Taker, Map<Socket, Kept>>();

  /** @param not could not be given it: the channel of a process ends a little before we hear that it is gone. */
  function come(kept: Kept, socket: Socket, not: ReadonlySet<Taker> = nobody): void {
    if (kept.takers.size === 0) return wait(kept, socket);
    const taker = takerOf(kept, socket, not);
    if (taker === undefined) return void socket.destroy();
    // The next one that is equally idle has the next turn.
    kept.takers.delete(taker);
    kept.takers.add(taker);
    const under = leaving.get(taker) ?? new Map<Socket, Kept>();
    // All of them hang.
    if (under.size >= BACKLOG) return void socket.destroy();
    leaving.set(taker, under.set(socket, kept));
    taker.give(kept.name, socket, (error) => {
      // Where the taker is gone, the connection has gone elsewhere by now.
      if (!under.delete(socket) || error === null) return;
      onError('handing a connection over', error);
      come(kept, socket, new Set([...not, taker]));
    });
  }

  function wait({ waiting }: Kept, socket: Socket): void {
    if (waiting.length >= BACKLOG) socket.destroy();
    else waiting.push(socket);
  }

  function takerOf({ takers }: Kept, { remoteAddress }: Socket, not: ReadonlySet<Taker>): Taker | undefined {
    const all = [...takers].filter((taker) => !not.has(taker));
    const [first, ...others] = all.map(({ number }) => number);
    if (first === undefined || remoteAddress === undefined) return idlest(all);
    const chosen = choose(remoteAddress, [first, ...others]);
    return all.find(({ number }) => number === chosen) ?? idlest(all);
  }

  function idlest(takers: readonly Taker[]): Taker | undefined {
    const load = (taker: Taker): number => leaving.get(taker)?.size ?? 0;
    let best: Taker | undefined;
    for (const taker of takers) if (best === undefined || load(taker) < load(best)) best = taker;
    return best;
  }

  function keep(name: DoorName): Kept {
    const waiting: Socket[] = [];
    const receive = (socket: Socket): void => {
      socket.on('error', () => socket.destroy());
      come(kept, socket);
    };
    const opening = places.open(name.address, name.port, receive);
    void opening.then(
      (door) => door.onError((error) => onError('accepting a connection', error)),
      () => undefined,
    );
    const kept: Kept = { name, opening, takers: new Set(), waiting };
    doors.set(textOf(name), kept);
    return kept;
  }

  function forget(kept: Kept): void {
    doors.delete(textOf(kept.name));
    for (const socket of kept.waiting.splice(0)) socket.destroy();
    void kept.opening.then((door) => door.close()).catch(() => undefined);
  }

  function leave(taker: Taker): void {
    for (const { takers } of doors.values()) takers.delete(taker);
  }

  return {
    async open(taker, name) {
      const kept = doors.get(textOf(name)) ?? keep(name);
      try {
        const { address, port } = await kept.opening;
        kept.takers.add(taker);
        for (const socket of kept.waiting.splice(0)) come(kept, socket);
        return { kind: 'open', address, port };
      } catch (error) {
        if (doors.get(textOf(name)) === kept) doors.delete(textOf(name));
        return failed(error);
      }
    },
    close(taker, name) {
      doors.get(textOf(name))?.takers.delete(taker);
    },
    leave,
    gone(taker) {
      leave(taker);
      const under = leaving.get(taker);
      leaving.delete(taker);
      const left = [...(under ?? [])];
      under?.clear();
      for (const [socket, kept] of left) if (!socket.destroyed) come(kept, socket);
    },
    tidy() {
      for (const kept of doors.values()) if (kept.takers.size === 0) forget(kept);
    },
    shut() {
      for (const kept of doors.values()) forget(kept);
    },
  };
}

function failed(error: unknown): DoorAnswer {
  const because = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
  return { kind: 'failed', code, because };
}
