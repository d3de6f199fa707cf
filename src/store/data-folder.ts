/** The folder that holds everything one Waxwing keeps, and the locks that make it the only one to work on it. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { numbered, pathsOf } from './queue-files.ts';

/** The paths below a data folder; plain data, so that it can be handed to a worker. */
export interface FolderPaths {
  /** Absolute. */
  readonly path: string;
  /** Which of its queues it is about; the first is number 1. */
  readonly queue: number;
  /** Where content is written before it is accepted; on the same file system as `bodies`. */
  readonly incoming: string;
  /** Content of accepted messages that is too large for the database. */
  readonly bodies: string;
}

/** A data folder, with its first queue or another one, that this process holds until it closes it or dies. */
export interface DataFolder extends FolderPaths {
  close(): void;
}

/** The lock of a data folder: whoever has it serves the folder. */
export interface FolderLock {
  /** Absolute. */
  readonly path: string;
  close(): void;
}

/** For one of the queues that somebody still works on. */
export interface Patience {
  readonly waitMs: number;
  /** Called once, where there is something to wait for. */
  readonly onWait: () => void;
}

/** The folder cannot be used; the message names it and says why. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
  readonly code: 'in-use' | 'unusable';

  constructor(code: DataFolderError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const SQLITE_BUSY = 5;
const LOOK_AGAIN_MS = 100;

/**
 * Creates the folder where it is missing (mode 0700), and locks it and its first queue.
 *
 * @throws DataFolderError when another process holds it, or it cannot be created or written.
 */
export function openDataFolder(path: string): DataFolder {
  const lock = lockDataFolder(path);
  try {
    const queue = openQueueFolder(lock.path, 1);
    return {
      ...queue,
      close() {
        queue.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Creates the folder where it is missing (mode 0700), and locks it, but none of its queues.
 *
 * @throws DataFolderError as {@link openDataFolder}.
 */
export function lockDataFolder(path: string): FolderLock {
  const folder = resolve(path);
  return usable(folder, () => {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = lockFile(folder, 'lock.db', () => `another waxwing serves the data folder ${folder}`);
    try {
      flushFolder(folder);
      // Only where it was made here: the folder above may be one that we cannot read.
      if (made !== undefined) for (const above of [folder, made]) flushFolder(dirname(above));
    } catch (error) {
      lock.close();
      throw error;
    }
    return { path: folder, close: () => lock.close() };
  });
}

/**
 * Locks one of the queues of a folder, and makes what it needs beside its database. The lock is apart from that of the
 * folder, as a process that works on a queue may live a little longer than the one that has started it.
 *
 * @param folder absolute.
 * @throws DataFolderError when another process works on the queue, or the folder cannot be written.
 */
export function openQueueFolder(folder: string, queue: number): DataFolder {
  const paths = pathsOf(folder, queue);
  return usable(folder, () => {
    const lock = lockFile(
      folder,
      queue === 1 ? 'lock-1.db' : numbered('lock.db', queue),
      () => `another process of waxwing still works on queue ${queue} of the data folder ${folder}`,
    );
    try {
      for (const below of [paths.incoming, paths.bodies]) mkdirSync(below, { recursive: true, mode: 0o700 });
      flushFolder(folder);
    } catch (error) {
      lock.close();
      throw error;
    }
    return { ...paths, close: () => lock.close() };
  });
}

/** The same; where another process works on the queue, its end is waited for. */
export async function awaitQueueFolder(
  folder: string,
  queue: number,
  { waitMs, onWait }: Patience,
): Promise<DataFolder> {
  const until = performance.now() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return openQueueFolder(folder, queue);
    } catch (error) {
      const isHeld = error instanceof DataFolderError && error.code === 'in-use';
      if (!isHeld || performance.now() >= until) throw error;
      if (isFirst) onWait();
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

function usable<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    const because = error instanceof Error ? error.message : String(error);
    throw new DataFolderError('unusable', `the data folder ${folder} cannot be used: ${because}`, {
      cause: error,
    });
  }
}

/** Makes the names in a folder durable: a renamed or created file is only safe once its folder is flushed. */
export function flushFolder(path: string): void {
  flushFile(path);
}

/** Makes the content of a file durable. */
export function flushFile(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Creates a file that only its owner can read, also where the folder was made by someone with a wide umask. */
export function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/**
 * An open exclusive transaction is a lock of the operating system, so it ends with the process, kill -9 included.
 * A file with a process number in it would survive.
 */
function lockFile(folder: string, name: string, held: () => string): DatabaseSync {
  const file = join(folder, name);
  createPrivateFile(file);
  const lock = new DatabaseSync(file);
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new DataFolderError('in-use', held(), { cause: error });
    }
    throw error;
  }
}
