/** The table `inbound_tls`: who has always sent to us over TLS. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { InboundRow } from '../policies/memory/inbound.ts';
import type { EpochMs } from '../policies/words.ts';
import type { ClientStore } from './client-store.ts';
import { inOneCommit } from './in-one-commit.ts';
import { command, queryAll, queryOne } from './statement.ts';

const COLUMNS = 'client, domain, since, sessions, last_at AS lastAt, clear_at AS clearAt, clear';

export function inboundTable(database: DatabaseSync): ClientStore['inbound'] {
  const list = queryAll<[], InboundRow>(database, `SELECT ${COLUMNS} FROM inbound_tls ORDER BY last_at`);
  const seenSince = queryAll<[EpochMs, EpochMs], InboundRow>(
    database,
    `SELECT ${COLUMNS} FROM inbound_tls WHERE last_at >= ? OR clear_at >= ? ORDER BY last_at`,
  );
  const get = queryOne<[string, Domain], InboundRow>(
    database,
    `SELECT ${COLUMNS} FROM inbound_tls WHERE client = ? AND domain = ?`,
  );
  const put = command<[string, Domain, EpochMs, number, EpochMs, EpochMs | null, number]>(
    database,
    `INSERT OR REPLACE INTO inbound_tls (client, domain, since, sessions, last_at, clear_at, clear)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = command<[string, Domain]>(
    database,
    'DELETE FROM inbound_tls WHERE client = ? AND domain = ?',
  );
  return {
    list,
    seenSince: (at) => seenSince(at, at),
    write(changed, gone, merged) {
      inOneCommit(database, () => {
        for (const { client, domain } of gone) remove(client, domain);
        for (const row of changed) {
          const kept = get(row.client, row.domain);
          const { client, domain, since, sessions, lastAt, clearAt, clear } =
            kept === undefined ? row : merged(kept, row);
          put(client, domain, since, sessions, lastAt, clearAt, clear);
        }
      });
    },
  };
}
