/** The schema of queue.db. */
import type { DatabaseKind } from './migrate.ts';

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
  `
-- Of the messages for which something holds beside the envelope. Not columns of messages: those would stand behind the
-- content.
CREATE TABLE terms (
  message INTEGER PRIMARY KEY REFERENCES messages (number) ON DELETE CASCADE,
  tls TEXT CHECK (tls IN ('requiretls', 'authenticate', 'encrypt', 'optional')),
  tell_outcome INTEGER NOT NULL,
  account TEXT,
  trace TEXT
) STRICT;
`,
  `
-- What requests said that may be sent twice, and the message that each made; for 24 hours, also where that is gone.
CREATE TABLE receipts (
  account TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_at ON receipts (at);
`,
  `
-- Messages whose sender was told that they are held.
CREATE TABLE hold_notices (
  message INTEGER PRIMARY KEY REFERENCES messages (number) ON DELETE CASCADE,
  at INTEGER NOT NULL
) STRICT;

-- Messages that an operator lets go under another level. until NULL: until they are gone.
CREATE TABLE releases (
  message INTEGER PRIMARY KEY REFERENCES messages (number) ON DELETE CASCADE,
  level TEXT NOT NULL CHECK (level IN ('may', 'encrypt', 'authenticate')),
  until INTEGER,
  reason TEXT NOT NULL,
  set_at INTEGER NOT NULL
) STRICT;

-- Where mail is held, and which: small, as hardly any mail is.
CREATE INDEX recipients_held ON recipients (destination, message) WHERE state = 'held-tls';
`,
  `
-- A release of what goes to one destination says nothing of the other recipients of the same messages.
CREATE TABLE releases_of_destinations (
  message INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
  destination TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('may', 'encrypt', 'authenticate')),
  until INTEGER,
  reason TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (message, destination)
) STRICT, WITHOUT ROWID;
INSERT INTO releases_of_destinations (message, destination, level, until, reason, set_at)
  SELECT DISTINCT releases.message, recipients.destination, level, until, reason, set_at
  FROM releases JOIN recipients ON recipients.message = releases.message;
DROP TABLE releases;
ALTER TABLE releases_of_destinations RENAME TO releases;
`,
  `
-- The delimiters of messages each copy of which names its recipient in its sender.
ALTER TABLE terms ADD COLUMN verp TEXT;
`,
  `
-- Why mail for the recipient is held, as its sender was told; NULL: he was not.
ALTER TABLE recipients ADD COLUMN told_cause TEXT;
`,
  `
-- Destinations where mail is held for want of TLS: how often somebody has looked, when to look next, what was found.
CREATE TABLE looks (
  destination TEXT NOT NULL PRIMARY KEY,
  looks INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  found_at INTEGER,
  because TEXT
) STRICT, WITHOUT ROWID;
`,
];

/** The queue. */
export const queueDatabase: DatabaseKind = {
  file: 'queue.db',
  what: 'queue',
  steps: migrations,
  cacheKib: 64 * 1024,
  remedy:
    'Copy its folder; "waxwing queue check" says more; then restore a backup by "waxwing queue restore" into a new data ' +
    'folder, or save what can be read with the .recover command of the program sqlite3',
};
