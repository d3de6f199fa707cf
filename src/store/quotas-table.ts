/** The table `quotas`: how much of each quota is used up. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../policies/words.ts';
import type { ClientStore, QuotaCount } from './client-store.ts';
import { inOneCommit } from './in-one-commit.ts';
import { command, queryAll } from './statement.ts';

/** Of a row's window, milliseconds. */
const LENGTH = `iif(period = 'hour', 3600000, 86400000)`;
/** Processes begin the same window a moment apart, and write it in any order. */
const BEGUN_TOGETHER_MS = 60_000;
/** Whether what is added belongs to the window of the row. */
const SAME = `(excluded.since >= since - ${BEGUN_TOGETHER_MS} AND excluded.since < since + ${LENGTH})`;

export function quotasTable(database: DatabaseSync): ClientStore['quotas'] {
  const list = queryAll<[], QuotaCount>(
    database,
    'SELECT subject, period, since, messages, recipients FROM quotas ORDER BY subject, period',
  );
  const add = command<[string, QuotaCount['period'], EpochMs, number, number]>(
    database,
    `INSERT INTO quotas (subject, period, since, messages, recipients) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (subject, period) DO UPDATE SET
       since = iif(${SAME}, min(since, excluded.since), excluded.since),
       messages = iif(${SAME}, messages, 0) + excluded.messages,
       recipients = iif(${SAME}, recipients, 0) + excluded.recipients`,
  );
  const end = command<[EpochMs]>(database, `DELETE FROM quotas WHERE since + ${LENGTH} <= ?`);
  return {
    list,
    add(counted, now) {
      inOneCommit(database, () => {
        end(now);
        for (const { subject, period, since, messages, recipients } of counted)
          add(subject, period, since, messages, recipients);
      });
    },
  };
}
