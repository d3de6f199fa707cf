/** Kinds of databases, and how a file is brought to the newest schema of its kind. */
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store-error.ts';

/** One database of a data folder. */
export interface DatabaseKind {
  /** Its name in the folder. */
  readonly file: string;
  /** What it is to people: `queue`. */
  readonly what: string;
  /**
   * The schema, as the steps that lead to it. `PRAGMA user_version` says how many a file has taken. A released step never
   * changes: files out there have taken it as it was.
   */
  readonly steps: readonly string[];
  /** How much of it is held in memory, in KiB. */
  readonly cacheKib: number;
  /** What to do about a damaged file, in a sentence without its full stop. */
  readonly remedy: string;
}

/**
 * Brings the database to the newest schema, all missing steps in one commit.
 *
 * @throws StoreError when a newer Waxwing has written it.
 */
export function migrate(database: DatabaseSync, { what, steps }: DatabaseKind): void {
  if (isNewest(database, { what, steps })) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been faster.
    if (!isNewest(database, { what, steps })) {
      for (const step of steps.slice(versionOf(database))) database.exec(step);
      database.exec(`PRAGMA user_version = ${steps.length}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function isNewest(database: DatabaseSync, { what, steps }: Pick<DatabaseKind, 'what' | 'steps'>): boolean {
  const version = versionOf(database);
  if (version > steps.length) {
    throw new StoreError(
      'refused',
      `the ${what} ${database.location() ?? 'in memory'} has schema ${version}, ` +
        `this waxwing knows schemas up to ${steps.length}: run the newer one`,
    );
  }
  return version === steps.length;
}

/** How many steps the file has taken. */
export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** All tables and indexes as SQL, to compare. */
export function schemaOf(database: DatabaseSync): string {
  const rows = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all();
  return rows.map(({ sql }) => String(sql)).join('\n');
}
