/**
 * Room on the medium for what matters most when it gets scarce.
 *
 * Recording that a message was delivered takes room before it frees some. Were new mail let in until nothing is left,
 * no delivery could be recorded any more, and every one would happen again after a crash. So new mail is refused
 * while there is room.
 */
import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { FolderPaths } from './data-folder.ts';
import { queueDatabaseOf } from './queue-files.ts';
import { queryOne } from './statement.ts';

/** Thousands of settlements in the log, which may begin anew after them: they do not make the database grow. */
const RESERVE_BYTES = 16 * 1024 * 1024;
/** Above this nothing is looked at more closely: more than the log and a batch of messages can take at once. */
const PLENTY_BYTES = 512 * 1024 * 1024;
/** A message is written to the log, and later to the database. */
const COPIES = 2;
const MAKE_EVERY_MS = 1_000;

export interface Room {
  /** Looks how much there is; once for many calls of {@link take}. */
  look(): void;
  /** @returns whether so many octets of new mail leave the reserve untouched. */
  take(bytes: number): boolean;
  /** Lets the log begin anew, where what it holds finds its place in the database. */
  make(): void;
}

export function roomFor(database: DatabaseSync, folder: FolderPaths): Room {
  const file = join(folder.path, queueDatabaseOf(folder).file);
  const size = queryOne<[], { bytes: number }>(
    database,
    'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
  );
  let free = 0;
  let madeAt = -MAKE_EVERY_MS;

  function measure(): number {
    const { bavail, bsize } = statfsSync(folder.path);
    const there = bavail * bsize;
    if (there > PLENTY_BYTES) return there;
    // What is in the log only makes the file grow at the next checkpoint: that room is taken already.
    const growth = Math.max((size()?.bytes ?? 0) - statSync(file).size, 0);
    return there - growth - RESERVE_BYTES;
  }

  function make(): void {
    if (performance.now() - madeAt < MAKE_EVERY_MS) return;
    madeAt = performance.now();
    try {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Then there is no room for that either; the next time tries again.
    }
  }

  return {
    look() {
      free = measure();
      if (free > 0) return;
      make();
      free = measure();
    },
    take(bytes) {
      free -= bytes * COPIES;
      return free >= 0;
    },
    make,
  };
}
