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
-- final_at is set, and the content goes, with the last recipient that ends. "arrival" and "ending" are the events of
-- the two commits that write this row anyway. The content stands last: reading the rest does not walk it.
CREATE TABLE messages (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL,
  sender TEXT NOT NULL,
  ret TEXT CHECK (ret IN ('full', 'headers')),
  envelope_id TEXT,
  size INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL,
  longest_line INTEGER NOT NULL,
  hops INTEGER NOT NULL,
  needs_utf8 INTEGER NOT NULL,
  warned_at INTEGER,
  final_at INTEGER,
  arrival TEXT NOT NULL,
  ending TEXT,
  kept_in TEXT NOT NULL CHECK (kept_in IN ('row', 'file')),
  content BLOB
) STRICT;
CREATE INDEX messages_open ON messages (id) WHERE final_at IS NULL;
CREATE INDEX messages_final ON messages (final_at) WHERE final_at IS NOT NULL;

-- "at" is not-before or time of the end, as the state has it. That one is being attempted is known in memory only:
-- after a crash it waits, as it did before.
CREATE TABLE recipients (
  message INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
  destination TEXT NOT NULL,
  number INTEGER NOT NULL,
  address TEXT NOT NULL,
  notify TEXT,
  original_recipient TEXT,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'held-tls', 'held', 'delivered', 'bounced', 'cancelled')),
  attempts INTEGER NOT NULL,
  at INTEGER NOT NULL,
  blocked_because TEXT,
  last_word TEXT,
  PRIMARY KEY (message, destination, number)
) STRICT, WITHOUT ROWID;

-- The events between arrival and ending, an array for each call that brought some. Numbers grow.
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

-- until NULL: until it is ended.
CREATE TABLE pauses (
  destination TEXT PRIMARY KEY,
  until INTEGER
) STRICT, WITHOUT ROWID;

-- How often this file was opened to work on it: what is numbered in memory never uses a number twice.
CREATE TABLE starts (
  number INTEGER NOT NULL
) STRICT;
INSERT INTO starts VALUES (0);
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

/** All tables and indexes as SQL, to compare. */
export function schemaOf(database: DatabaseSync): string {
  const rows = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all();
  return rows.map(({ sql }) => String(sql)).join('\n');
}
