/** The folder that holds everything one Waxwing keeps, and the lock that makes it the only one to serve it. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The paths below a data folder; plain data, so that it can be handed to a worker. */
export interface FolderPaths {
  /** Absolute. */
  readonly path: string;
  /** Where content is written before it is accepted; on the same file system as `bodies`. */
  readonly incoming: string;
  /** Content of accepted messages that is too large for the database. */
  readonly bodies: string;
}

/** A data folder that this process holds until it closes it or dies. */
export interface DataFolder extends FolderPaths {
  close(): void;
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

/**
 * Creates the folder where it is missing (mode 0700), and locks it.
 *
 * @throws DataFolderError when another process holds it, or it cannot be created or written.
 */
export function openDataFolder(path: string): DataFolder {
  const folder = resolve(path);
  const paths = { path: folder, incoming: join(folder, 'incoming'), bodies: join(folder, 'bodies') };
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = lockFolder(folder);
    try {
      for (const below of [paths.incoming, paths.bodies]) mkdirSync(below, { recursive: true, mode: 0o700 });
      flushFolder(folder);
      // Only where it was made here: the folder above may be one that we cannot read.
      if (made !== undefined) for (const above of [folder, made]) flushFolder(dirname(above));
    } catch (error) {
      lock.close();
      throw error;
    }
    return { ...paths, close: () => lock.close() };
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
function lockFolder(folder: string): DatabaseSync {
  const file = join(folder, 'lock.db');
  createPrivateFile(file);
  const lock = new DatabaseSync(file);
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new DataFolderError('in-use', `another waxwing serves the data folder ${folder}`, {
        cause: error,
      });
    }
    throw error;
  }
}
