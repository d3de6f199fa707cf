/**
 * How far a check of many targets has come, in one file: which are done, and how much of the output is certain.
 *
 * What is certain is written behind the output itself, so it never says more than the output has; whoever dies between the two
 * leaves octets behind the certain ones, which are cut off and made again.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createPrivateFile } from './data-folder.ts';
import { type DatabaseKind, migrate, schemaOf } from './migrate.ts';
import { command, queryAll, queryOne } from './statement.ts';
import { StoreError, shapingErrors } from './store-error.ts';

/** What stands in a file that is there already. */
export interface KeptRun {
  /** As it was begun; whoever keeps it knows its form. */
  readonly terms: string;
  /** The output that it was begun with. */
  readonly output: string;
  readonly totals: string;
  /** Octets of the output that are certain. */
  readonly offset: number;
  /** How long the output may be: what lies between was being written. */
  readonly until: number;
}

/** What has become certain, and what is about to be written. */
export interface Step {
  /** Numbers of the targets that are in the output, or have nothing to be there, up to `offset`. */
  readonly done: readonly number[];
  readonly totals: string;
  readonly offset: number;
  readonly until: number;
}

export interface CheckState {
  /** undefined: nothing was begun yet. */
  readonly kept: KeptRun | undefined;
  readonly begin: (run: Pick<KeptRun, 'terms' | 'output' | 'totals' | 'offset'>) => void;
  /** From now on the output is another one, of which so many octets are there. */
  readonly goElsewhere: (output: string, offset: number) => void;
  readonly isDone: (number: number) => boolean;
  /** Is on the medium when it returns. */
  readonly keep: (step: Step) => void;
  readonly close: () => void;
}

/** Targets whose bits stand in one row: a step changes one or two of them. */
const BLOCK = 8_192;
/** "WXck": what a database is can be read before it is opened, and so before anything is written to it. */
const APPLICATION_ID = 0x5758636b;

const kind: Omit<DatabaseKind, 'file'> = {
  what: 'state',
  steps: [
    `PRAGMA application_id = ${APPLICATION_ID};
     CREATE TABLE run (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       terms TEXT NOT NULL,
       output TEXT NOT NULL,
       totals TEXT NOT NULL,
       certain INTEGER NOT NULL CHECK (certain >= 0),
       until INTEGER NOT NULL CHECK (until >= certain)
     ) STRICT;
     CREATE TABLE done (
       block INTEGER PRIMARY KEY CHECK (block BETWEEN 0 AND 0xffffffff),
       bits BLOB NOT NULL CHECK (length(bits) = ${BLOCK / 8})
     ) STRICT;`,
  ],
  cacheKib: 1_024,
  remedy: 'Begin anew, with another state and another output.',
};

const SQLITE_BUSY = 5;
/** The header of a database file: https://www.sqlite.org/fileformat2.html §1.3. */
const HEADER_OCTETS = 100;
const MAGIC = 'SQLite format 3\0';
const APPLICATION_ID_AT = 68;

const shaped = shapingErrors(kind.what);

/**
 * Opens a state, or makes one, and holds it until it is closed or the process dies.
 *
 * @throws StoreError where the file is something else, another process has it, or it cannot be written.
 */
export function openCheckState(file: string): CheckState {
  return shaped(() => {
    create(file);
    refuseForeign(file);
    const database = new DatabaseSync(file);
    try {
      hold(database, file);
      return stateOver(database);
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function create(file: string): void {
  try {
    createPrivateFile(file);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new StoreError('failed', `the state ${file} cannot be opened: ${because}`, { cause: error });
  }
}

function hold(database: DatabaseSync, file: string): void {
  try {
    // One file: a log beside it would have to be moved with it. EXTRA: the end of a step survives a power cut, too.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = DELETE;
      PRAGMA synchronous = EXTRA;
      PRAGMA cache_size = -${kind.cacheKib};
      BEGIN EXCLUSIVE;
      COMMIT;
    `);
    migrate(database, { ...kind, file });
    refuseOther(database, file);
  } catch (error) {
    const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
    if (code === SQLITE_BUSY)
      throw new StoreError('refused', `another waxwing works with the state ${file}`, { cause: error });
    throw error;
  }
}

/** Opening it would change what somebody else's program has written. A file of no octets is a new one. */
function refuseForeign(file: string): void {
  const header = Buffer.alloc(HEADER_OCTETS);
  const reading = openSync(file, 'r');
  let size = 0;
  try {
    size = readSync(reading, header, 0, HEADER_OCTETS, 0);
  } finally {
    closeSync(reading);
  }
  const isOurs =
    header.toString('latin1', 0, MAGIC.length) === MAGIC &&
    header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID;
  if (size > 0 && !isOurs)
    throw new StoreError('refused', `${file} is no state of a check, and is left as it is`);
}

function refuseOther(database: DatabaseSync, file: string): void {
  const model = new DatabaseSync(':memory:');
  migrate(model, { ...kind, file });
  const isOurs = schemaOf(model) === schemaOf(database);
  model.close();
  if (!isOurs) throw new StoreError('refused', `${file} is a state of another version`);
}

function stateOver(database: DatabaseSync): CheckState {
  const blocks = new Map<number, Uint8Array>(
    queryAll<[], { block: number; bits: Uint8Array }>(database, 'SELECT block, bits FROM done')().map(
      ({ block, bits }) => [block, Uint8Array.from(bits)],
    ),
  );
  const begin = command<[string, string, string, number, number]>(
    database,
    'INSERT INTO run (id, terms, output, totals, certain, until) VALUES (1, ?, ?, ?, ?, ?)',
  );
  const goOn = command<[string, number, number]>(
    database,
    'UPDATE run SET totals = ?, certain = ?, until = ? WHERE id = 1',
  );
  const move = command<[string, number, number]>(
    database,
    'UPDATE run SET output = ?, certain = ?, until = ? WHERE id = 1',
  );
  const putBlock = command<[number, Uint8Array]>(
    database,
    'INSERT INTO done (block, bits) VALUES (?, ?) ON CONFLICT (block) DO UPDATE SET bits = excluded.bits',
  );

  function mark(number: number): number {
    const block = Math.floor(number / BLOCK);
    const bits = blocks.get(block) ?? new Uint8Array(BLOCK / 8);
    blocks.set(block, bits);
    const bit = number % BLOCK;
    bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
    return block;
  }

  function keep({ done, totals, offset, until }: Step): void {
    const changed = new Set(done.map(mark));
    database.exec('BEGIN');
    try {
      for (const block of changed) putBlock(block, blocks.get(block) ?? new Uint8Array(BLOCK / 8));
      goOn(totals, offset, until);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    kept: queryOne<[], KeptRun>(
      database,
      'SELECT terms, output, totals, certain AS offset, until FROM run WHERE id = 1',
    )(),
    begin: ({ terms, output, totals, offset }) =>
      void shaped(() => begin(terms, output, totals, offset, offset)),
    goElsewhere: (output, offset) => void shaped(() => move(output, offset, offset)),
    isDone(number) {
      const bits = blocks.get(Math.floor(number / BLOCK));
      const bit = number % BLOCK;
      return bits !== undefined && ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
    },
    keep: (step) => shaped(() => keep(step)),
    close: () => database.close(),
  };
}
