/**
 * The schema of queue.db, as the steps that lead to it.
 *
 * `PRAGMA user_version` says how many steps a file has taken. A released step never changes: files out there have
 * taken it as it was.
 */
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store-error.ts';

export const migrations: readonly string[] = [
  `
-- open_recipients counts those that are not final; with the last one final_at is set and the content goes.
CREATE TABLE messages (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL,
  sender TEXT NOT NULL,
  size INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL,
  longest_line INTEGER NOT NULL,
  hops INTEGER NOT NULL,
  body TEXT NOT NULL CHECK (body IN ('inline', 'file')),
  open_recipients INTEGER NOT NULL,
  warned_at INTEGER,
  final_at INTEGER
) STRICT;
CREATE INDEX messages_open ON messages (id) WHERE final_at IS NULL;
CREATE INDEX messages_final ON messages (final_at) WHERE final_at IS NOT NULL;

-- Apart from messages, so that walking the messages does not walk their content.
CREATE TABLE bodies (
  message INTEGER PRIMARY KEY REFERENCES messages (number) ON DELETE CASCADE,
  bytes BLOB NOT NULL
) STRICT;

-- A claim that is out. AUTOINCREMENT: a fence is never used twice, also after its row is gone.
CREATE TABLE claims (
  fence INTEGER PRIMARY KEY AUTOINCREMENT,
  destination TEXT NOT NULL,
  claimed_at INTEGER NOT NULL,
  lease_ends INTEGER NOT NULL
) STRICT;
CREATE INDEX claims_by_destination ON claims (destination);
CREATE INDEX claims_by_lease ON claims (lease_ends);

-- "at" is not-before, end of lease, or time of the end, as the state has it. claim is set while attempting.
-- Kept in the order of messages and destinations: those that may be claimed together lie together.
CREATE TABLE recipients (
  message INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
  destination TEXT NOT NULL,
  number INTEGER NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('waiting', 'attempting', 'attempting-tls', 'held-tls', 'held', 'delivered', 'bounced', 'cancelled')),
  attempts INTEGER NOT NULL,
  at INTEGER NOT NULL,
  claim INTEGER REFERENCES claims (fence),
  blocked_because TEXT,
  last_word TEXT,
  claimable_at INTEGER AS (CASE WHEN state IN ('waiting', 'held-tls') THEN at END) VIRTUAL,
  PRIMARY KEY (message, destination, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipients_pending ON recipients (destination, claimable_at)
  WHERE state IN ('waiting', 'held-tls', 'held');
CREATE INDEX recipients_claimed ON recipients (claim) WHERE claim IS NOT NULL;

-- The upper level of scheduling, derived from recipients and claims.
CREATE TABLE destinations (
  name TEXT PRIMARY KEY,
  next_at INTEGER,
  in_flight INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX destinations_due ON destinations (next_at, in_flight) WHERE next_at IS NOT NULL;

CREATE TABLE events (
  message INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE transcripts (
  message INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
  address TEXT NOT NULL,
  at INTEGER NOT NULL,
  lines TEXT NOT NULL,
  PRIMARY KEY (message, address)
) STRICT, WITHOUT ROWID;
`,
];

/**
 * Brings the database to the newest schema, all missing steps in one commit.
 *
 * @throws StoreError when a newer Waxwing has written it.
 */
export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > migrations.length) {
    throw new StoreError(
      'refused',
      `the queue ${database.location() ?? 'in memory'} has schema ${version}, ` +
        `this waxwing knows schemas up to ${migrations.length}: run the newer one`,
    );
  }
  if (version === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
