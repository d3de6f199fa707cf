/** What of the queue can be counted quickly, for those who watch it: read beside the writer, by a connection of its own. */
import type { FolderPaths } from './data-folder.ts';
import { openToRead } from './open-database.ts';
import { queueDatabaseOf } from './queue-files.ts';
import { queryAll, queryOne } from './statement.ts';
import { StoreError } from './store-error.ts';

export interface QueueFigures {
  /** Messages with a recipient that is not final. */
  readonly openMessages: number;
  /** When the oldest of them came, milliseconds since 1970; null where there is none. */
  readonly oldestSince: number | null;
  /** Recipients that are held for want of TLS, by the cause. */
  readonly heldByCause: readonly { readonly cause: string; readonly recipients: number }[];
  readonly pausedDestinations: number;
}

export interface FigureReader {
  /**
   * All of it comes out of indexes, some of a million entries: some ten milliseconds then. @throws StoreError
   *
   * @param now milliseconds since 1970.
   */
  read(now: number): QueueFigures;
  close(): void;
}

/** @throws StoreError where there is no queue in the folder, or it cannot be read. */
export function openFigures(folder: Pick<FolderPaths, 'path' | 'queue'>): FigureReader {
  const database = openToRead(folder.path, queueDatabaseOf(folder));
  if (database === undefined) throw new StoreError('failed', `there is no queue in ${folder.path}`);
  const open = queryOne<[], { count: number }>(
    database,
    'SELECT count(*) AS count FROM messages WHERE final_at IS NULL',
  );
  // Ids sort by time, and the index on open messages has them in order.
  const oldest = queryOne<[], { at: number }>(
    database,
    'SELECT received_at AS at FROM messages WHERE final_at IS NULL ORDER BY id LIMIT 1',
  );
  const held = queryAll<[], { cause: string | null; recipients: number }>(
    database,
    `SELECT blocked_because AS cause, count(*) AS recipients FROM recipients WHERE state = 'held-tls'
     GROUP BY blocked_because`,
  );
  const paused = queryOne<[number], { count: number }>(
    database,
    'SELECT count(*) AS count FROM pauses WHERE until IS NULL OR until > ?',
  );
  return {
    read: (now) => ({
      openMessages: open()?.count ?? 0,
      oldestSince: oldest()?.at ?? null,
      heldByCause: held().map(({ cause, recipients }) => ({ cause: cause ?? 'unknown', recipients })),
      pausedDestinations: paused(now)?.count ?? 0,
    }),
    close: () => database.close(),
  };
}
