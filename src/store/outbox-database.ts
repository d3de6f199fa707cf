/** The schema of webhooks.db. */
import type { DatabaseKind } from './migrate.ts';

const migrations: readonly string[] = [
  `
-- One row for each request of a webhook. Times are milliseconds since 1970. dead_at NULL: it waits.
CREATE TABLE batches (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  events INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  dead_at INTEGER,
  because TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX batches_waiting ON batches (webhook, number) WHERE dead_at IS NULL;
CREATE INDEX batches_dead ON batches (webhook, number) WHERE dead_at IS NOT NULL;
-- Adding up reads this and no body.
CREATE INDEX batches_amounts ON batches (webhook, dead_at, at, events, octets);

-- reached_at: everything up to here is in "batches", or was sent. complete: so it was when the process ended.
CREATE TABLE webhooks (
  name TEXT NOT NULL PRIMARY KEY,
  reached_at INTEGER,
  complete INTEGER NOT NULL DEFAULT 0 CHECK (complete IN (0, 1)),
  ended_url TEXT,
  ended_at INTEGER,
  ended_because TEXT
) STRICT, WITHOUT ROWID;
`,
];

export const outboxDatabase: DatabaseKind = {
  file: 'webhooks.db',
  what: 'outbox of the webhooks',
  steps: migrations,
  cacheKib: 4 * 1024,
  remedy:
    'Mail does not depend on it: stop waxwing, move it away with its -wal and -shm, start waxwing, and send what it held ' +
    'again with: waxwing events replay',
};
