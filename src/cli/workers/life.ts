/** The life of one worker: started, started again where it dies, stopped. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import type { Taker } from '../../net/hand-over.ts';
import type { Log } from '../works.ts';
import type { FromWorker, Report, Role, ToWorker } from './messages.ts';

export interface LifeParts {
  readonly number: number;
  readonly role: Role;
  /** What it is told first, each time. */
  readonly begin: () => ToWorker;
  readonly onMessage: (message: Report, life: Life) => void;
  /** It stops: it is to get no more connections, and what it has been given is still its own. */
  readonly onLeaving: (life: Life) => void;
  /** Its process has ended; another one may follow. */
  readonly onGone: (life: Life) => void;
  /** It has emptied its queue, and is no more. */
  readonly onEmptied: () => void;
  readonly log: Log;
}

export interface Life extends Taker {
  readonly role: Role;
  /** Whether it works. */
  readonly isReady: boolean;
  /** How often it was started again. */
  readonly restarts: number;
  say(message: ToWorker): void;
  /** Resolves once it works, or says why it cannot, or has ended. */
  readonly begun: Promise<string | null>;
  /** Puts another configuration in force. @returns null, or why it cannot be. */
  reload(message: ToWorker): Promise<string | null>;
  /** It gets no connections any more: it finishes what is under way, for so long at most. */
  stop(withinMs: number): Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** One that hangs must not keep the others, nor the end of all of them. */
const RELOAD_MS = 60_000;
/** Who has lived so long may be started again at once. */
const LONG_LIFE_MS = 60_000;

export function startLife(parts: LifeParts): Life {
  const { number, role, log } = parts;
  let child: ChildProcess | undefined;
  let state: 'starting' | 'ready' | 'gone' = 'gone';
  let stopping = false;
  let leaving = false;
  let emptied = false;
  let restarts = 0;
  let pause = FIRST_PAUSE_MS;
  let since = 0;
  let again: NodeJS.Timeout | undefined;
  const begun = Promise.withResolvers<string | null>();
  let reloaded: ((because: string | null) => void) | undefined;
  let ended: (() => void) | undefined;

  function start(): void {
    state = 'starting';
    leaving = false;
    since = performance.now();
    const entry = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);
    const process = fork(entry, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child = process;
    process.on('message', hear);
    process.on('error', (error) => log.error({ err: error, worker: number }, 'a worker cannot be reached'));
    process.once('exit', (code, signal) => gone(code, signal));
    life.say(parts.begin());
  }

  function hear(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        state = 'ready';
        begun.resolve(null);
        return;
      case 'failed':
        begun.resolve(message.because);
        log.error({ worker: number }, `a worker cannot begin: ${message.because}`);
        return;
      case 'reloaded':
        reloaded?.(message.because);
        return;
      case 'leaving':
        leaving = true;
        log.info({ worker: number }, 'a worker was told to stop; another one follows');
        return leave();
      case 'empty':
        emptied = true;
        return leave();
      default:
        parts.onMessage(message, life);
    }
  }

  function leave(): void {
    parts.onLeaving(life);
    life.say({ kind: 'stop' });
  }

  function gone(code: number | null, signal: NodeJS.Signals | null): void {
    // One that has never worked says nothing of the configuration, by which the next one begins.
    reloaded?.(state === 'ready' ? 'it has ended meanwhile' : null);
    state = 'gone';
    child = undefined;
    begun.resolve(`worker ${number} ended before it worked`);
    parts.onGone(life);
    ended?.();
    if (stopping) return;
    if (emptied && code === 0) return parts.onEmptied();
    const lived = performance.now() - since;
    if (lived > LONG_LIFE_MS) pause = FIRST_PAUSE_MS;
    const wait = leaving ? 0 : pause;
    if (!leaving) {
      log.error(
        { worker: number, code, signal },
        `worker ${number} has died; its queue rests until another one is started in ${pause / 1000} s`,
      );
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
    again = setTimeout(() => {
      restarts += 1;
      start();
    }, wait);
  }

  const life: Life = {
    number,
    role,
    begun: begun.promise,
    get isReady() {
      return state === 'ready';
    },
    get restarts() {
      return restarts;
    },
    say(message) {
      // Where it is gone, its end tells more than an error of the channel.
      if (child?.connected === true) child.send(message, () => undefined);
    },
    give(name, socket: Socket, done) {
      if (child?.connected !== true) done(new Error(`worker ${number} is gone`));
      else child.send({ kind: 'connection', name } satisfies ToWorker, socket, {}, done);
    },
    reload(message) {
      // The next one begins by it; one that is about to work was told the configuration of before, and takes this one then.
      if (state === 'gone') return Promise.resolve(null);
      return new Promise((resolve) => {
        const timer = setTimeout(() => reloaded?.('it gives no answer'), RELOAD_MS);
        reloaded = (because) => {
          clearTimeout(timer);
          reloaded = undefined;
          resolve(because);
        };
        life.say(message);
      });
    },
    async stop(withinMs) {
      stopping = true;
      clearTimeout(again);
      const process = child;
      if (process === undefined) return;
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      parts.onLeaving(life);
      life.say({ kind: 'stop' });
      const timer = setTimeout(() => {
        log.error({ worker: number }, 'a worker does not end: it is killed');
        process.kill('SIGKILL');
      }, withinMs);
      await end;
      clearTimeout(timer);
    },
  };
  start();
  return life;
}
