/** The schema of data.db. */
import type { DatabaseKind } from './migrate.ts';

const migrations: readonly string[] = [
  `
-- One row for each domain whose MTA-STS policy was asked for. id, policy, fetched_at and expires_at are those of the last
-- policy that could be fetched, NULL where there was none. Times are milliseconds since 1970.
CREATE TABLE sts (
  domain TEXT NOT NULL PRIMARY KEY,
  id TEXT,
  fetched_at INTEGER,
  expires_at INTEGER,
  attempted_at INTEGER NOT NULL,
  refresh_at INTEGER,
  used_at INTEGER NOT NULL,
  clock INTEGER NOT NULL,
  failures TEXT,
  policy TEXT,
  CHECK ((id IS NULL) = (policy IS NULL) AND (id IS NULL) = (fetched_at IS NULL) AND (id IS NULL) = (expires_at IS NULL))
) STRICT;
CREATE INDEX sts_refresh ON sts (refresh_at) WHERE refresh_at IS NOT NULL;
-- For rows whose last attempt lies ahead of a clock that was set back.
CREATE INDEX sts_attempted ON sts (attempted_at) WHERE refresh_at IS NOT NULL;
CREATE INDEX sts_used ON sts (used_at);

-- until NULL: until it is taken back.
CREATE TABLE overrides (
  domain TEXT NOT NULL PRIMARY KEY,
  level TEXT NOT NULL CHECK (level IN ('off', 'may', 'encrypt', 'authenticate')),
  until INTEGER,
  reason TEXT NOT NULL,
  set_at INTEGER NOT NULL
) STRICT;
`,
  `
-- What sessions with servers of others came to: one row for each day (UTC, YYYY-MM-DD), domain and "key", which is a digest
-- of source, record and policy. record NULL: nobody looked for it.
CREATE TABLE tls_results (
  id INTEGER PRIMARY KEY,
  day TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('waxwing', 'postfix')),
  domain TEXT NOT NULL,
  record TEXT,
  policy TEXT NOT NULL,
  key TEXT NOT NULL,
  successes INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  UNIQUE (day, domain, key)
) STRICT;
CREATE TABLE tls_failures (
  result INTEGER NOT NULL REFERENCES tls_results (id) ON DELETE CASCADE,
  detail TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (result, detail)
) STRICT, WITHOUT ROWID;

-- How mail travelled, in recipients.
CREATE TABLE travel (
  day TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  domain TEXT NOT NULL,
  authenticated INTEGER NOT NULL,
  encrypted INTEGER NOT NULL,
  cleartext INTEGER NOT NULL,
  PRIMARY KEY (day, direction, domain)
) STRICT, WITHOUT ROWID;
`,
  `
-- How much of a quota is used up in a window that began at "since". Times are milliseconds since 1970.
CREATE TABLE quotas (
  subject TEXT NOT NULL,
  period TEXT NOT NULL CHECK (period IN ('hour', 'day')),
  since INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  recipients INTEGER NOT NULL,
  PRIMARY KEY (subject, period)
) STRICT, WITHOUT ROWID;

-- Clients (one IPv4 address, or the first 64 bits of an IPv6 one) whose mail of a domain has come over TLS every time since
-- "since". clear: how often it came in clear all the same, the last time at clear_at.
CREATE TABLE inbound_tls (
  client TEXT NOT NULL,
  domain TEXT NOT NULL,
  since INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  clear_at INTEGER,
  clear INTEGER NOT NULL,
  PRIMARY KEY (client, domain)
) STRICT, WITHOUT ROWID;
`,
  `
-- Recipients whose mail has come back for good. times: of the last such messages, a JSON array of milliseconds since 1970.
-- suppressed_at NULL: mail for them is still taken.
CREATE TABLE suppressions (
  address TEXT PRIMARY KEY,
  times TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  status TEXT NOT NULL,
  diagnostic TEXT,
  suppressed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressions_counting ON suppressions (last_at) WHERE suppressed_at IS NULL;
`,
  `
-- The policy list that was accepted last. signers: ids of keys with a space between. Times are milliseconds since 1970.
CREATE TABLE policy_list (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  timestamp INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  author TEXT,
  signers TEXT NOT NULL,
  digest TEXT NOT NULL,
  source TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  domains INTEGER NOT NULL,
  ended INTEGER NOT NULL CHECK (ended IN (0, 1))
) STRICT;
-- Its policies, each once however many domains have it; none once its time is over.
CREATE TABLE listed_policies (
  id INTEGER PRIMARY KEY,
  mode TEXT NOT NULL CHECK (mode IN ('enforce', 'testing', 'none')),
  mxs TEXT NOT NULL
) STRICT;
CREATE TABLE listed_domains (
  domain TEXT NOT NULL PRIMARY KEY,
  policy INTEGER NOT NULL REFERENCES listed_policies (id),
  alias TEXT
) STRICT, WITHOUT ROWID;
-- The newest list that each key has signed.
CREATE TABLE list_signings (
  key TEXT NOT NULL PRIMARY KEY,
  timestamp INTEGER NOT NULL,
  digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
  `
-- Since when each session for a domain has reached a level of TLS. host '': at whichever host. against: what has not reached
-- it since the last that has, a JSON object; days: sessions of the last days, a JSON array. Times are milliseconds since 1970.
CREATE TABLE outbound_tls (
  domain TEXT NOT NULL,
  host TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('encrypt', 'authenticate')),
  since INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  proof TEXT CHECK (proof IN ('name', 'tlsa')),
  spki TEXT,
  against TEXT,
  days TEXT NOT NULL,
  PRIMARY KEY (domain, host, level)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbound_tls_last ON outbound_tls (last_at);
`,
  `
-- What sessions of one day (UTC) have shown: seen is a JSON object, '' where there was no room.
CREATE TABLE tls_seen (
  day TEXT NOT NULL,
  domain TEXT NOT NULL,
  seen TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (day, domain, seen)
) STRICT, WITHOUT ROWID;
CREATE INDEX tls_seen_domain ON tls_seen (domain, day);

-- Levels that are in force by what was seen. blocked: recipients since set_at. ended_at: taken back before until.
CREATE TABLE promotions (
  domain TEXT PRIMARY KEY,
  level TEXT NOT NULL CHECK (level IN ('encrypt', 'authenticate')),
  set_at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  most_blocked INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  ended_at INTEGER,
  ended_because TEXT
) STRICT, WITHOUT ROWID;
`,
];

/** Policies of others, and overrides. */
export const policyDatabase: DatabaseKind = {
  file: 'data.db',
  what: 'policy store',
  steps: migrations,
  cacheKib: 8 * 1024,
  remedy:
    'Without it policies are fetched anew, and overrides are gone: stop waxwing, move it away with its -wal and -shm, and ' +
    'set the overrides again',
};
