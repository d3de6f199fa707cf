/** Accounts in a file of SQLite, which is opened for each query and never written. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AccountRow, type AccountRows, MOST_ROWS } from './account-rows.ts';
import { StoreError } from './store-error.ts';

export interface SqliteSource {
  readonly path: string;
  /** `$1` stands for the user. */
  readonly query: string;
}

const SQLITE_BUSY = 5;
/** Whoever writes the file holds it for a moment; SQLite's own wait would hold up everything else. */
const AGAIN_AFTER_MS = 20;

/** Opening it each time costs a fraction of a hash, and a file that was put in its place is seen at once. */
export function sqliteAccounts({ path, query }: SqliteSource): AccountRows {
  function rowsOf(user: string): readonly AccountRow[] {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    try {
      return database.prepare(query).iterate({ $1: user }).take(MOST_ROWS).toArray();
    } finally {
      database.close();
    }
  }

  return {
    async find(user, signal) {
      for (;;) {
        if (signal.aborted) throw new StoreError('failed', `${path} is held by somebody who writes it`);
        try {
          return rowsOf(user);
        } catch (error) {
          if (!isBusy(error)) {
            const because = error instanceof Error ? error.message : String(error);
            throw new StoreError('failed', `${path}: ${because}`, { cause: error });
          }
        }
        await sleep(AGAIN_AFTER_MS);
      }
    },
    close: () => undefined,
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
