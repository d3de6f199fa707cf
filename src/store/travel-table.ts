/** The table `travel`: how mail travelled, by day, direction and domain. */
import type { DatabaseSync } from 'node:sqlite';
import type { TravelCount, TravelStore } from './result-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

/** Of one direction and day; what comes behind them counts as {@link OTHERS}. */
const MOST_DOMAINS = 20_000;
/** In place of domains for which there is no room; no domain of the Internet has one label. */
const OTHERS = 'other';

const COLUMNS = 'day, direction, domain, authenticated, encrypted, cleartext';

type Values = [string, TravelCount['direction'], string, number, number, number];

export function travelTable(database: DatabaseSync): TravelStore {
  const raise = command<[number, number, number, string, TravelCount['direction'], string]>(
    database,
    `UPDATE travel SET authenticated = authenticated + ?, encrypted = encrypted + ?, cleartext = cleartext + ?
     WHERE day = ? AND direction = ? AND domain = ?`,
  );
  const insert = command<Values>(
    database,
    `INSERT INTO travel (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (day, direction, domain) DO UPDATE SET authenticated = authenticated + excluded.authenticated,
       encrypted = encrypted + excluded.encrypted, cleartext = cleartext + excluded.cleartext`,
  );
  const domainsOf = queryOne<[string, TravelCount['direction']], { count: number }>(
    database,
    'SELECT count(*) AS count FROM travel WHERE day = ? AND direction = ?',
  );
  const byDay = queryAll<[string], TravelCount>(
    database,
    `SELECT day, direction, '' AS domain, sum(authenticated) AS authenticated, sum(encrypted) AS encrypted,
       sum(cleartext) AS cleartext FROM travel WHERE day >= ? GROUP BY day, direction ORDER BY day, direction`,
  );
  const ofDomain = queryAll<[string, string], TravelCount>(
    database,
    `SELECT ${COLUMNS} FROM travel WHERE day >= ? AND domain = ? ORDER BY day, direction`,
  );
  const forget = command<[string]>(database, 'DELETE FROM travel WHERE day < ?');

  /**
   * @param room domains for which there is room left, by day and direction: counted once for each commit.
   * @returns whether there was no room for the domain by itself.
   */
  function add(count: TravelCount, room: Map<string, number>): boolean {
    const { day, direction, domain, authenticated, encrypted, cleartext } = count;
    if (raise(authenticated, encrypted, cleartext, day, direction, domain).changes > 0) return false;
    const key = `${day} ${direction}`;
    const left = room.get(key) ?? MOST_DOMAINS - (domainsOf(day, direction)?.count ?? 0);
    room.set(key, left - 1);
    insert(day, direction, left > 0 ? domain : OTHERS, authenticated, encrypted, cleartext);
    return left <= 0;
  }

  return {
    add(counts) {
      const room = new Map<string, number>();
      let spilled = 0;
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const count of counts) if (add(count, room)) spilled += 1;
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      return { spilled };
    },
    since: (day, domain) => (domain === null ? byDay(day) : ofDomain(day, domain)),
    forget: (day) => forget(day).changes,
  };
}
