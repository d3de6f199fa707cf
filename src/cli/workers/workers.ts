/** All workers of a primary: those that serve, and those that only empty a queue that nobody has any more. */
import { join } from 'node:path';
import type { DoorKeeper } from '../../net/hand-over.ts';
import { newHidden } from '../../relay/accounts.ts';
import type { PeerWord } from '../../relay/workers/peer-word.ts';
import type { Log } from '../works.ts';
import { type Life, startLife } from './life.ts';
import { callSocketOf, type Report, type Role, type ToWorker } from './messages.ts';

export interface WorkersParts {
  /** Absolute. */
  readonly folder: string;
  /** How many serve. */
  readonly serving: number;
  /** The numbers of queues to empty. */
  readonly draining: readonly number[];
  /** A configuration, packed. */
  readonly first: unknown;
  /** How long what is under way may take at the end. */
  readonly graceMs: () => number;
  readonly keeper: DoorKeeper;
  /** Lines of the event log, in the order in which a worker has sent them. */
  readonly onLines: (lines: string) => void;
  /** A queue is empty, and nobody has it open. */
  readonly onEmptied: (queue: number) => void;
  readonly log: Log;
}

/** One that there should be. */
interface WorkerFigures {
  readonly number: number;
  readonly role: Role;
  /** Whether it works. */
  readonly isReady: boolean;
  /** How often it was started again. */
  readonly restarts: number;
  readonly socketPath: string;
}

export interface Workers {
  /** In the order of their numbers. */
  list(): readonly WorkerFigures[];
  /** Resolves once all work. @throws Error where one of them cannot begin. */
  begun(): Promise<void>;
  tell(worker: number, word: PeerWord): void;
  /** Hears what workers say that is for other workers, or for whoever divides something among them. */
  onTold(listener: (word: PeerWord, from: number) => void): void;
  /** Hears of workers that are gone, with all that they had. */
  onGone(listener: (worker: number) => void): void;
  /** @throws Error where the first that is there cannot put it in force: none has, then. The log names others that cannot. */
  reload(running: unknown): Promise<void>;
  /** Files of certificates may be new. */
  look(): void;
  close(): Promise<void>;
}

/** What a worker needs beyond the grace of its sessions. */
const LITTLE_MS = 10_000;

export function startWorkers(parts: WorkersParts): Workers {
  const { folder, keeper, log } = parts;
  const numbers = [...Array.from({ length: parts.serving }, (_, index) => index + 1), ...parts.draining];
  const hidden = newHidden();
  let running = parts.first;
  let lives: readonly Life[] = [];
  const told: ((word: PeerWord, from: number) => void)[] = [];
  const gone: ((worker: number) => void)[] = [];

  function hear(message: Report, life: Life): void {
    switch (message.kind) {
      case 'open':
        void keeper.open(life, message.name).then((answer) => {
          life.say({ kind: 'door', request: message.request, answer });
        });
        return;
      case 'close':
        return keeper.close(life, message.name);
      case 'events':
        parts.onLines(message.lines);
        return life.say({ kind: 'taken', characters: message.lines.length });
      case 'word':
        for (const listener of told) listener(message.word, life.number);
    }
  }

  const partOf = (index: number): { index: number; of: number } => ({ index, of: numbers.length });
  lives = numbers.map((number, index) => {
    const role = number <= parts.serving ? 'serve' : 'drain';
    return startLife({
      number,
      role,
      begin: () => {
        const mostMs = parts.graceMs() + LITTLE_MS;
        return { kind: 'begin', number, role, part: partOf(index), folder, hidden, running, mostMs };
      },
      onMessage: hear,
      onLeaving: (life) => keeper.leave(life),
      onGone(life) {
        keeper.gone(life);
        for (const listener of gone) listener(number);
      },
      onEmptied() {
        lives = lives.filter((life) => life.number !== number);
        parts.onEmptied(number);
      },
      log,
    });
  });

  async function reload(next: unknown): Promise<void> {
    const before = running;
    // Who is started meanwhile begins with it.
    running = next;
    let isFirst = true;
    for (const [index, life] of lives.entries()) {
      const because = await life.reload({ kind: 'reload', part: partOf(index), running: next });
      if (because !== null && isFirst) {
        running = before;
        throw new Error(because);
      }
      if (because !== null) log.error(`worker ${life.number} goes on by the old configuration: ${because}`);
      // One that is not there has said nothing: it would begin by what nobody has tried, and not be able to.
      isFirst &&= !life.isReady;
    }
    keeper.tidy();
  }

  return {
    list: () =>
      lives.map(({ number, role, isReady, restarts }) => ({
        number,
        role,
        isReady,
        restarts,
        socketPath: join(folder, callSocketOf(number)),
      })),
    async begun() {
      for (const life of lives) {
        const because = await life.begun;
        if (because !== null) throw new Error(because);
      }
    },
    tell(worker, word) {
      lives.find(({ number }) => number === worker)?.say({ kind: 'word', word });
    },
    onTold: (listener) => void told.push(listener),
    onGone: (listener) => void gone.push(listener),
    reload,
    look() {
      for (const life of lives) life.say({ kind: 'look' } satisfies ToWorker);
    },
    async close() {
      await Promise.all(lives.map((life) => life.stop(parts.graceMs() + LITTLE_MS)));
    },
  };
}
