/** Until when receipts of a queue hold: their messages may be forgotten before them. */
import type { EpochMs } from '../queue/delivery.ts';
import type { FolderPaths } from './data-folder.ts';
import { openToRead } from './open-database.ts';
import { queueDatabaseOf } from './queue-files.ts';
import { RECEIPT_MS } from './receipts.ts';
import { queryOne } from './statement.ts';

/**
 * Read beside whoever works on the queue.
 *
 * @returns undefined where it has none. @throws StoreError where it cannot be read.
 */
export function receiptsHoldUntil(folder: Pick<FolderPaths, 'path' | 'queue'>): EpochMs | undefined {
  const database = openToRead(folder.path, queueDatabaseOf(folder));
  if (database === undefined) return undefined;
  try {
    const last = queryOne<[], { at: EpochMs | null }>(database, 'SELECT max(at) AS at FROM receipts')();
    return last === undefined || last.at === null ? undefined : last.at + RECEIPT_MS;
  } finally {
    database.close();
  }
}
