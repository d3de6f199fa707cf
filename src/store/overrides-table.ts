/** The table `overrides`: what an operator has said about single domains, and about all of them. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { Override } from '../policies/overrides/override.ts';
import type { EpochMs, TlsLevel } from '../policies/words.ts';
import type { PolicyStore } from './policy-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

const COLUMNS = 'domain, level, until, reason, set_at AS setAt';

export function overridesTable(database: DatabaseSync): PolicyStore['overrides'] {
  const get = queryOne<[Override['domain']], Override>(
    database,
    `SELECT ${COLUMNS} FROM overrides WHERE domain = ?`,
  );
  const about = queryAll<[Domain], Override>(
    database,
    `SELECT ${COLUMNS} FROM overrides WHERE domain IN (?, '*')`,
  );
  const list = queryAll<[], Override>(database, `SELECT ${COLUMNS} FROM overrides ORDER BY domain`);
  const put = command<[Override['domain'], TlsLevel, EpochMs | null, string, EpochMs]>(
    database,
    'INSERT OR REPLACE INTO overrides (domain, level, until, reason, set_at) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = command<[Override['domain']]>(database, 'DELETE FROM overrides WHERE domain = ?');
  return {
    get,
    about,
    list,
    put: ({ domain, level, until, reason, setAt }) => void put(domain, level, until, reason, setAt),
    remove: (domain) => remove(domain).changes > 0,
  };
}
