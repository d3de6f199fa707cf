/** Opens the databases of a data folder, and refuses one that is damaged or not ours. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createPrivateFile, type FolderPaths, flushFolder } from './data-folder.ts';
import { type DatabaseKind, migrate, schemaOf, versionOf } from './migrate.ts';
import { StoreError } from './store-error.ts';

/** For readers of the file, who never hold it for long. */
const BUSY_MS = 5000;
/** A checkpoint every 32 MB: rarer is hardly faster, and lengthens the start after a crash. */
const CHECKPOINT_PAGES = 8192;
const LOG_BYTES = 64 * 1024 * 1024;
/** Reading through this much takes about a second; a larger queue is checked by `waxwing queue check`. */
const CHECKED_AT_START_BYTES = 256 * 1024 * 1024;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/**
 * Opens a database in a folder that the caller holds, creating it where it is missing.
 *
 * @throws StoreError `damaged` where it cannot be trusted, `refused` where another Waxwing has written it. Nothing of
 * it is changed or removed then.
 */
export function openDatabase(folder: Pick<FolderPaths, 'path'>, kind: DatabaseKind): DatabaseSync {
  const file = join(folder.path, kind.file);
  // A log that was left: the process before has crashed, or the machine has.
  const isUnclean = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  createPrivateFile(file);
  if (isUnclean) checkAfterCrash(file, kind);
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: BUSY_MS });
  try {
    // FULL: in WAL mode, NORMAL does not flush at commit, and a power cut would lose mail already answered for.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${LOG_BYTES};
      PRAGMA cache_size = -${kind.cacheKib};
    `);
    migrate(database, kind);
    refuseForeign(database, file, kind);
    flushFolder(folder.path);
    return database;
  } catch (error) {
    database.close();
    throw isDamage(error) ? damaged(file, kind, error.message, error) : error;
  }
}

/**
 * Opens a database to read it, beside whoever may be writing.
 *
 * @returns undefined where there is none yet, or nothing was ever written to it.
 * @throws StoreError `damaged` or `refused`, as {@link openDatabase}.
 */
export function openToRead(dataFolder: string, kind: DatabaseKind): DatabaseSync | undefined {
  const file = join(dataFolder, kind.file);
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    if (versionOf(database) > 0) {
      refuseForeign(database, file, kind);
      return database;
    }
    database.close();
    return undefined;
  } catch (error) {
    database.close();
    throw isDamage(error) ? damaged(file, kind, error.message, error) : error;
  }
}

function refuseForeign(database: DatabaseSync, file: string, kind: DatabaseKind): void {
  const [finding] = schemaFinding(database, kind);
  if (finding === undefined) return;
  throw new StoreError('refused', `the ${kind.what} ${file} cannot be used: ${finding}`);
}

/** What SQLite finds wrong with the file; nothing where it is sound. */
export function findingsOf(database: DatabaseSync, check: string): readonly string[] {
  const rows = database.prepare(`PRAGMA ${check}`).all();
  return rows.flatMap((row) => Object.values(row).map(String)).filter((text) => text !== 'ok');
}

/** Whether SQLite says that the file is not, or no longer, a database. */
export function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  // The low octet is the class of an extended code.
  const code = error.errcode & 0xff;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** One finding where the tables are not those that this Waxwing makes. */
export function schemaFinding(database: DatabaseSync, kind: DatabaseKind): readonly string[] {
  const model = new DatabaseSync(':memory:');
  migrate(model, kind);
  const isOurs = schemaOf(model) === schemaOf(database);
  model.close();
  return isOurs
    ? []
    : ['its tables are not those of this waxwing: another version made them, or somebody changed them'];
}

/** Read-only: closing a connection that may write would move the log into a file that is not trusted. */
function checkAfterCrash(file: string, kind: DatabaseKind): void {
  if (statSync(file).size > CHECKED_AT_START_BYTES) return;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const [finding] = findingsOf(database, 'quick_check(1)');
    if (finding !== undefined) throw damaged(file, kind, finding);
  } catch (error) {
    throw isDamage(error) ? damaged(file, kind, error.message, error) : error;
  } finally {
    database.close();
  }
}

function damaged(file: string, { what, remedy }: DatabaseKind, because: string, cause?: unknown): StoreError {
  const message = `the ${what} ${file} is damaged (${because}). Nothing was changed. ${remedy}`;
  return new StoreError('damaged', message, { cause });
}
