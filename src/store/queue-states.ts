/** How many recipients are in which state, and since when: counted in slices, so that a long queue holds up nobody. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { FolderPaths } from './data-folder.ts';
import { openToRead } from './open-database.ts';
import { queueDatabaseOf } from './queue-files.ts';
import { queryAll, queryOne } from './statement.ts';
import { StoreError } from './store-error.ts';

/** `waiting`: not tried yet; `deferred`: tried, and it waits for the next time; `held`: by an operator. */
export const queueStates = ['waiting', 'deferred', 'held-tls', 'held'] as const;

interface StateFigures {
  /** What is being attempted just now is among those that wait. */
  readonly recipients: number;
  /** When the oldest message came that has one of them, milliseconds since 1970; null where there is none. */
  readonly oldestSince: number | null;
}

export type QueueStates = Readonly<Record<(typeof queueStates)[number], StateFigures>>;

export interface StateReader {
  /**
   * Reads all recipients that are not final: about a second for a million, in slices of some milliseconds.
   *
   * What changes meanwhile may be counted as it was or as it is. @throws StoreError
   */
  read(): Promise<QueueStates>;
  close(): void;
}

/** Messages of the first slice; as many more or fewer in the next as keep it within its time. */
const FIRST_SLICE = 500;
const SLICE_MS = 5;
/** Above all ids, which are letters and digits. */
const END = '~';

interface StateRow {
  readonly state: (typeof queueStates)[number];
  readonly recipients: number;
  readonly oldest: number;
}

/** @throws StoreError where there is no queue in the folder, or it cannot be read. */
export function openStates(folder: Pick<FolderPaths, 'path' | 'queue'>): StateReader {
  const database = openToRead(folder.path, queueDatabaseOf(folder));
  if (database === undefined) throw new StoreError('failed', `there is no queue in ${folder.path}`);
  let closed = false;
  const endOfSlice = queryOne<[string, number], { id: string }>(
    database,
    `SELECT id FROM messages INDEXED BY messages_open WHERE final_at IS NULL AND id > ? ORDER BY id LIMIT 1 OFFSET 0 + ?`,
  );
  const slice = queryAll<[string, string], StateRow>(
    database,
    `SELECT CASE WHEN state = 'waiting' AND attempts > 0 THEN 'deferred' ELSE state END AS state,
       count(*) AS recipients, min(received_at) AS oldest
     FROM messages INDEXED BY messages_open CROSS JOIN recipients ON recipients.message = messages.number
     WHERE final_at IS NULL AND id > ? AND id <= ? AND state IN ('waiting', 'held-tls', 'held') GROUP BY 1`,
  );

  return {
    async read() {
      const sums = new Map<StateRow['state'], StateFigures>();
      let most = FIRST_SLICE;
      for (let after = ''; !closed && after !== END; await turnOfTheLoop()) {
        const begun = performance.now();
        const last = endOfSlice(after, most - 1)?.id ?? END;
        for (const row of slice(after, last)) sums.set(row.state, added(sums.get(row.state), row));
        after = last;
        const took = performance.now() - begun;
        most = Math.max(1, Math.floor(took > SLICE_MS ? most / 2 : took < SLICE_MS / 2 ? most * 2 : most));
      }
      const of = (state: StateRow['state']): StateFigures => sums.get(state) ?? nothing;
      return {
        waiting: of('waiting'),
        deferred: of('deferred'),
        'held-tls': of('held-tls'),
        held: of('held'),
      };
    },
    close() {
      closed = true;
      database.close();
    },
  };
}

const nothing: StateFigures = { recipients: 0, oldestSince: null };

function added({ recipients, oldestSince }: StateFigures = nothing, row: StateRow): StateFigures {
  return {
    recipients: recipients + row.recipients,
    oldestSince: oldestSince === null ? row.oldest : Math.min(oldestSince, row.oldest),
  };
}
