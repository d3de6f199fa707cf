/** The table `promotions`: levels that an operator has put in force by what was seen, and what became of them. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { Promotion } from '../policies/report-only/promotion.ts';
import type { EpochMs } from '../policies/words.ts';
import type { PolicyStore } from './policy-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

const COLUMNS =
  'domain, level, set_at AS setAt, until, reason, most_blocked AS mostBlocked, blocked, ended_at AS endedAt, ended_because AS endedBecause';

export function promotionsTable(database: DatabaseSync): PolicyStore['promotions'] {
  const get = queryOne<[Domain], Promotion>(database, `SELECT ${COLUMNS} FROM promotions WHERE domain = ?`);
  const list = queryAll<[], Promotion>(database, `SELECT ${COLUMNS} FROM promotions ORDER BY domain`);
  const put = command<[Domain, Promotion['level'], EpochMs, EpochMs, string, number, number]>(
    database,
    `INSERT OR REPLACE INTO promotions (domain, level, set_at, until, reason, most_blocked, blocked)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const block = command<[number, Domain]>(
    database,
    'UPDATE promotions SET blocked = blocked + ? WHERE domain = ? AND ended_at IS NULL',
  );
  const end = command<[EpochMs, string, Domain]>(
    database,
    'UPDATE promotions SET ended_at = ?, ended_because = ? WHERE domain = ? AND ended_at IS NULL',
  );
  return {
    get,
    list,
    put: ({ domain, level, setAt, until, reason, mostBlocked, blocked }) =>
      void put(domain, level, setAt, until, reason, mostBlocked, blocked),
    block(domain, recipients) {
      block(recipients, domain);
      return get(domain);
    },
    end: (domain, at, because) => end(at, because, domain).changes > 0,
  };
}
