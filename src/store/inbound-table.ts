/** The table `inbound_tls`: who has always sent to us over TLS. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { InboundRow } from '../policies/memory/inbound.ts';
import type { EpochMs } from '../policies/words.ts';
import type { ClientStore } from './client-store.ts';
import { inOneCommit } from './in-one-commit.ts';
import { command, queryAll } from './statement.ts';

const COLUMNS = 'client, domain, since, sessions, last_at AS lastAt, clear_at AS clearAt, clear';

export function inboundTable(database: DatabaseSync): ClientStore['inbound'] {
  const list = queryAll<[], InboundRow>(database, `SELECT ${COLUMNS} FROM inbound_tls ORDER BY last_at`);
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
    write(changed, gone) {
      inOneCommit(database, () => {
        for (const { client, domain } of gone) remove(client, domain);
        for (const { client, domain, since, sessions, lastAt, clearAt, clear } of changed)
          put(client, domain, since, sessions, lastAt, clearAt, clear);
      });
    },
  };
}
