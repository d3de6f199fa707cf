/** Several changes as one. */
import type { DatabaseSync } from 'node:sqlite';

/** Does the work in one transaction: all of it is on the medium when this returns, or nothing of it where it throws. */
export function inOneCommit(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
