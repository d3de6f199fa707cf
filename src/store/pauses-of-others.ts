/** What an operator has paused in the other queues of a data folder. */
import type { EpochMs } from '../queue/delivery.ts';
import type { FolderPaths } from './data-folder.ts';
import { openToRead } from './open-database.ts';
import { queueDatabaseOf, queuesIn } from './queue-files.ts';
import type { Pause } from './queue-store.ts';
import { queryAll } from './statement.ts';

/**
 * The pauses that a new queue begins with, as a pause holds in all of them. It is read beside whoever works on the others.
 *
 * @throws StoreError where one of them cannot be read.
 */
export function pausesOfOthers({ path, queue: own }: Pick<FolderPaths, 'path' | 'queue'>): readonly Pause[] {
  const pauses = queuesIn(path)
    .filter((queue) => queue !== own)
    .flatMap((queue) => pausesIn(path, queue));
  return [...new Map(pauses.map((pause) => [pause.destination, pause])).values()];
}

function pausesIn(path: string, queue: number): readonly Pause[] {
  const database = openToRead(path, queueDatabaseOf({ queue }));
  if (database === undefined) return [];
  try {
    return queryAll<[], { destination: string; until: EpochMs | null }>(
      database,
      'SELECT destination, until FROM pauses ORDER BY destination',
    )();
  } finally {
    database.close();
  }
}
