/** A copy of everything that is kept, made while the queue goes on; and a queue made of such a copy. */
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { BodyFiles } from './body-files.ts';
import {
  createPrivateFile,
  type DataFolder,
  type FolderPaths,
  flushFile,
  flushFolder,
} from './data-folder.ts';
import { type DatabaseKind, versionOf } from './migrate.ts';
import { queueDatabase } from './migrations.ts';
import { findingsOf, isDamage, openDatabase } from './open-database.ts';
import { outboxDatabase } from './outbox-database.ts';
import { policyDatabase } from './policy-migrations.ts';
import { queueDatabaseOf } from './queue-files.ts';
import type { BackedUp } from './queue-store.ts';
import { StoreError } from './store-error.ts';

const BODIES = 'bodies';
/**
 * All of them. A copy in several steps begins anew whenever somebody writes in between; one step reads the database as
 * it is at one moment, on a thread of its own, and holds up nobody: in WAL mode a reader does not stop the writer.
 */
const PAGES_AT_ONCE = 2 ** 31 - 1;

/**
 * Writes the backup into a new folder. It is that of the moment at which the copy of the database begins.
 *
 * @throws StoreError `refused` where the folder exists; what was written is removed again where it fails later.
 */
export async function backupFrom(folder: FolderPaths, files: BodyFiles, path: string): Promise<BackedUp> {
  if (!isAbsolute(path)) throw new StoreError('refused', `${path} is not an absolute path`);
  if (existsSync(path))
    throw new StoreError('refused', `${path} exists already: a backup takes a new folder`);
  // Not recursive: where the folder above is missing, an operator has mistyped it.
  mkdirSync(path, { mode: 0o700 });
  // What the copy of the database names must still be there when its turn comes.
  const release = files.keep();
  try {
    mkdirSync(join(path, BODIES), { mode: 0o700 });
    const { file: queue } = queueDatabaseOf(folder);
    const kept = await copyDatabase(join(folder.path, queue), join(path, queueDatabase.file), contentOf);
    // What is not of a queue goes with the first.
    const isFirst = folder.queue === 1;
    const policies = isFirst && existsSync(join(folder.path, policyDatabase.file));
    const copyOther = <Seen>({ file }: DatabaseKind, look: (copy: DatabaseSync) => Seen): Promise<Seen> =>
      copyDatabase(join(folder.path, file), join(path, file), look);
    if (policies) await copyOther(policyDatabase, () => undefined);
    const webhooks =
      isFirst && existsSync(join(folder.path, outboxDatabase.file))
        ? await copyOther(outboxDatabase, requestsOf)
        : null;
    for (const id of kept.files) linkOrCopy(files.pathOf(id), join(path, BODIES, id));
    for (const one of [join(path, BODIES), path]) flushFolder(one);
    return { ...kept, files: kept.files.length, policies, webhooks };
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  } finally {
    release();
  }
}

/** The numbers of the queues beside the first that a backup has, each in a folder of its own that is a backup of one queue. */
export function furtherQueuesIn(from: string): readonly number[] {
  return readdirSync(from)
    .flatMap((name) => /^queue-([1-9][0-9]{0,3})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((queue) => queue > 1)
    .toSorted((a, b) => a - b);
}

/**
 * Makes the backup at `from` the queue of a folder that holds no message, and its policies and what waits for webhooks those
 * of the folder. A backup of an older Waxwing has no policies, or nothing of webhooks.
 *
 * @throws StoreError `refused` where the folder has messages, or something of what else the backup has, or `from` is no
 * backup; `damaged` where it is not whole.
 */
export function restoreQueue(from: string, folder: DataFolder): BackedUp {
  return prepareRestore(from, folder)();
}

/**
 * Looks at all that could refuse it, and changes nothing.
 *
 * @returns what carries it out.
 * @throws StoreError as above.
 */
export function prepareRestore(from: string, folder: DataFolder): () => BackedUp {
  const kept = checkBackup(from);
  const policies = existsSync(join(from, policyDatabase.file));
  if (policies) checkCopy(from, policyDatabase, () => undefined);
  const webhooks = existsSync(join(from, outboxDatabase.file))
    ? checkCopy(from, outboxDatabase, requestsOf)
    : null;
  refuseFull(folder);
  if (policies) refuseOther(folder, policyDatabase, 'policies, overrides or results');
  if (webhooks !== null) refuseOther(folder, outboxDatabase, 'what is known of webhooks');
  return () => {
    putInPlace(from, folder, kept);
    return { ...kept, files: kept.files.length, policies, webhooks };
  };
}

function putInPlace(from: string, folder: DataFolder, kept: Kept): void {
  for (const id of kept.files) {
    copyFileSync(join(from, BODIES, id), join(folder.bodies, id));
    flushFile(join(folder.bodies, id));
  }
  flushFolder(folder.bodies);
  const kinds = [policyDatabase, outboxDatabase, queueDatabase].filter(({ file }) =>
    existsSync(join(from, file)),
  );
  // First beside their places, so that a crash leaves either no queue or all of it.
  const placeOf = (file: string): string =>
    join(folder.path, file === queueDatabase.file ? queueDatabaseOf(folder).file : file);
  const arrivingAt = (file: string): string => `${placeOf(file)}.restored`;
  for (const { file } of kinds) {
    const arriving = arrivingAt(file);
    copyFileSync(join(from, file), arriving);
    chmodSync(arriving, 0o600);
    flushFile(arriving);
  }
  for (const { file } of kinds) renameSync(arrivingAt(file), placeOf(file));
  flushFolder(folder.path);
}

interface Kept {
  readonly messages: number;
  readonly open: number;
  /** The ids of the messages whose content is a file. */
  readonly files: readonly string[];
}

/**
 * Makes one file of the copy, without a log beside it.
 *
 * @param look is shown the copy.
 */
async function copyDatabase<Seen>(
  from: string,
  path: string,
  look: (copy: DatabaseSync) => Seen,
): Promise<Seen> {
  createPrivateFile(path);
  // By a connection of its own: that of the writer may be within a transaction at any moment.
  const source = new DatabaseSync(from, { readOnly: true });
  try {
    await backup(source, path, { rate: PAGES_AT_ONCE });
  } finally {
    source.close();
  }
  const copy = new DatabaseSync(path);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
    return look(copy);
  } finally {
    copy.close();
    flushFile(path);
  }
}

function contentOf(database: DatabaseSync): Kept {
  const [counts] = database
    .prepare('SELECT count(*) AS messages, count(*) - count(final_at) AS open FROM messages')
    .all();
  const files = database.prepare("SELECT id FROM messages WHERE final_at IS NULL AND kept_in = 'file'").all();
  return {
    messages: Number(counts?.['messages']),
    open: Number(counts?.['open']),
    files: files.map(({ id }) => String(id)),
  };
}

/** Those that wait, and dead letters. */
function requestsOf(database: DatabaseSync): number {
  const [counts] = database.prepare('SELECT count(*) AS requests FROM batches').all();
  return Number(counts?.['requests']);
}

function checkBackup(from: string): Kept {
  if (!existsSync(join(from, queueDatabase.file)))
    throw new StoreError('refused', `${from} is not a backup: it has no ${queueDatabase.file}`);
  const kept = checkCopy(from, queueDatabase, contentOf);
  const missing = kept.files.find((id) => !existsSync(join(from, BODIES, id)));
  if (missing === undefined) return kept;
  throw new StoreError('damaged', `the backup ${from} lacks the content of ${missing}, ${BODIES}/${missing}`);
}

/** @param look is shown the database, which is whole and of a schema that we know. */
function checkCopy<Seen>(
  from: string,
  { file, steps }: DatabaseKind,
  look: (copy: DatabaseSync) => Seen,
): Seen {
  const source = join(from, file);
  const database = new DatabaseSync(source, { readOnly: true });
  try {
    const [finding] = findingsOf(database, 'integrity_check(1)');
    if (finding !== undefined) throw new StoreError('damaged', `the backup ${source} is damaged: ${finding}`);
    const version = versionOf(database);
    if (version === 0 || version > steps.length) {
      const known = `this waxwing knows schemas 1 to ${steps.length}`;
      throw new StoreError('refused', `the backup ${source} has schema ${version}, ${known}`);
    }
    return look(database);
  } catch (error) {
    throw isDamage(error)
      ? new StoreError('damaged', `the backup ${source} is damaged: ${error.message}`)
      : error;
  } finally {
    database.close();
  }
}

/** What a relay has learnt or been told since must not go away unseen. @param what it holds, in words. */
function refuseOther(folder: DataFolder, kind: DatabaseKind, what: string): void {
  const file = join(folder.path, kind.file);
  if (!existsSync(file)) {
    refuseLog(`${file}-wal`);
    return;
  }
  const database = openDatabase(folder, kind);
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")
    .all();
  const full = tables.filter(
    ({ name }) => database.prepare(`SELECT 1 FROM "${String(name)}" LIMIT 1`).get() !== undefined,
  );
  database.close();
  if (full.length === 0) return;
  throw new StoreError(
    'refused',
    `${file} holds ${what}, which a restore would overwrite: ` +
      'restore into a new data folder, or move it away first',
  );
}

/** @throws StoreError where its queue holds messages. */
export function refuseFull(folder: DataFolder): void {
  const kind = queueDatabaseOf(folder);
  const file = join(folder.path, kind.file);
  if (!existsSync(file)) {
    refuseLog(`${file}-wal`);
    return;
  }
  const database = openDatabase(folder, kind);
  const { messages } = contentOf(database);
  database.close();
  if (messages === 0) return;
  throw new StoreError(
    'refused',
    `the queue in ${folder.path} holds ${messages} messages, which a restore would overwrite: ` +
      'restore into a new data folder, or move this one away first',
  );
}

/** The log of a database that somebody took away: SQLite would write it into the restored one. */
function refuseLog(log: string): void {
  if (!existsSync(log)) return;
  throw new StoreError(
    'refused',
    `${log} belongs to a database that is not there any more, and may hold mail: ` +
      'restore into a new data folder, or move it away first',
  );
}

/** A file that was accepted never changes, so a second name for it is as good as a copy. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Another file system, or one without links.
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    flushFile(to);
  }
}
