/** The queue over one SQLite database, synchronous: the writer thread runs it, and so can a test. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../queue/delivery.ts';
import { accept } from './accept.ts';
import { bodyFiles } from './body-files.ts';
import { type Answer, type Call, type Operations, PURGE_STEP } from './calls.ts';
import { claim, giveBack } from './claim.ts';
import { createPrivateFile, type FolderPaths, flushFolder } from './data-folder.ts';
import { list, show } from './listing.ts';
import { migrate } from './migrations.ts';
import { nudge } from './nudge.ts';
import { settle } from './settle.ts';
import { asStoreError } from './store-error.ts';
import { queueTables, type Tables } from './tables.ts';

/** For readers of the file, who never hold it for long. */
const BUSY_MS = 5000;
/** A checkpoint every 32 MB: rarer is hardly faster, and lengthens the start after a crash. */
const CHECKPOINT_PAGES = 8192;
const LOG_BYTES = 64 * 1024 * 1024;
const CACHE_KIB = 64 * 1024;

export interface SqliteQueue {
  /** Carries out the calls in their order and answers each; what it answers is on the medium. */
  commit(calls: readonly Call[]): readonly Answer[];
  close(): void;
}

/**
 * Opens `queue.db` in a folder that the caller holds, creating it where it is missing.
 *
 * @throws StoreError when a newer Waxwing has written it.
 */
export function openDatabase(folder: FolderPaths): DatabaseSync {
  const file = join(folder.path, 'queue.db');
  createPrivateFile(file);
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: BUSY_MS });
  try {
    // FULL: in WAL mode, NORMAL does not flush at commit, and a power cut would lose mail already answered for.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${LOG_BYTES};
      PRAGMA cache_size = -${CACHE_KIB};
    `);
    migrate(database);
    flushFolder(folder.path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The queue in `database`; what a process before left as attempting is due again at `now`. */
export function sqliteQueue(database: DatabaseSync, folder: FolderPaths, now: EpochMs): SqliteQueue {
  const files = bodyFiles(folder);
  const tables = queueTables(database, files);
  const operations = operationsOn(tables);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');

  function inTransaction<Result>(work: () => Result): Result {
    begin.run();
    let result: Result;
    try {
      result = work();
      files.flush();
      commit.run();
    } catch (error) {
      // SQLite ends the transaction itself on some errors, such as a full disk.
      if (database.isTransaction) database.exec('ROLLBACK');
      files.rolledBack();
      throw error;
    }
    files.committed();
    return result;
  }

  function single(call: Call): Answer {
    try {
      return inTransaction(() => carryOut(operations, call));
    } catch (error) {
      const { code, message } = asStoreError(error);
      return { kind: 'failed', code, message };
    }
  }

  inTransaction(() => giveBack(tables, tables.claims.all(), now));
  files.sweep((id) => tables.messages.body(id)?.kind === 'file');

  return {
    commit(calls) {
      try {
        return inTransaction(() => calls.map((call) => carryOut(operations, call)));
      } catch {
        // One bad call must not fail its neighbours: each has its own transaction now, and its own error.
        return calls.map(single);
      }
    },
    close: () => database.close(),
  };
}

function operationsOn(tables: Tables): Operations {
  return {
    accept: (message) => accept(tables, message),
    claim: (request) => claim(tables, request),
    settle: (request) => settle(tables, request),
    body: (id) => tables.messages.body(id),
    list: (request) => list(tables, request),
    show: (id) => show(tables, id),
    nudge: (request) => nudge(tables, request),
    nextDue: (perDestination = Number.MAX_SAFE_INTEGER) => tables.destinations.nextDue(perDestination),
    purge(olderThan) {
      tables.destinations.purge();
      return tables.messages.purge(olderThan, PURGE_STEP);
    },
  };
}

function carryOut<Name extends Call['name']>(operations: Operations, call: Call<Name>): Answer {
  return { kind: 'done', value: operations[call.name](call.argument) };
}
