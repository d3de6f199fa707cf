/** The table `quotas`: how much of each quota is used up. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../policies/words.ts';
import type { ClientStore, QuotaCount } from './client-store.ts';
import { inOneCommit } from './in-one-commit.ts';
import { command, queryAll } from './statement.ts';

export function quotasTable(database: DatabaseSync): ClientStore['quotas'] {
  const list = queryAll<[], QuotaCount>(
    database,
    'SELECT subject, period, since, messages, recipients FROM quotas ORDER BY subject, period',
  );
  const put = command<[string, QuotaCount['period'], EpochMs, number, number]>(
    database,
    'INSERT OR REPLACE INTO quotas (subject, period, since, messages, recipients) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = command<[string, QuotaCount['period']]>(
    database,
    'DELETE FROM quotas WHERE subject = ? AND period = ?',
  );
  return {
    list,
    write(changed, ended) {
      inOneCommit(database, () => {
        for (const { subject, period } of ended) remove(subject, period);
        for (const { subject, period, since, messages, recipients } of changed)
          put(subject, period, since, messages, recipients);
      });
    },
  };
}
