/** The table `sts`: MTA-STS policies of other domains. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { FetchFailures, StsEntry } from '../policies/mta-sts/cache.ts';
import type { StsPolicy } from '../policies/mta-sts/policy.ts';
import type { EpochMs } from '../policies/words.ts';
import type { PolicyStore } from './policy-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

interface StsRow {
  readonly domain: Domain;
  readonly id: string | null;
  readonly fetched_at: EpochMs | null;
  readonly expires_at: EpochMs | null;
  readonly attempted_at: EpochMs;
  readonly refresh_at: EpochMs | null;
  readonly used_at: EpochMs;
  readonly clock: EpochMs;
  readonly failures: string | null;
  readonly policy: string | null;
}

const COLUMNS =
  'domain, id, fetched_at, expires_at, attempted_at, refresh_at, used_at, clock, failures, policy';

type Values = [
  Domain,
  string | null,
  EpochMs | null,
  EpochMs | null,
  EpochMs,
  EpochMs | null,
  EpochMs,
  EpochMs,
  string | null,
  string | null,
];

export function stsTable(database: DatabaseSync): PolicyStore['sts'] {
  const get = queryOne<[Domain], StsRow>(database, `SELECT ${COLUMNS} FROM sts WHERE domain = ?`);
  const list = queryAll<[string, number], StsRow>(
    database,
    `SELECT ${COLUMNS} FROM sts WHERE domain > ? ORDER BY domain LIMIT ?`,
  );
  // Where several processes keep what they learn, one may have read the row before another has written a newer policy. By the
  // clock of a row a fetch never comes before an earlier one.
  const put = command<Values>(
    database,
    `INSERT INTO sts (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (domain) DO UPDATE SET (${COLUMNS}) = (${COLUMNS.split(', ')
       .map((column) => `excluded.${column}`)
       .join(', ')})
     WHERE coalesce(sts.fetched_at, 0) <= coalesce(excluded.fetched_at, 0)`,
  );
  const remove = command<[Domain]>(database, 'DELETE FROM sts WHERE domain = ?');
  const due = queryAll<[EpochMs, number], StsRow>(
    database,
    `SELECT ${COLUMNS} FROM sts WHERE refresh_at <= ? ORDER BY refresh_at LIMIT ?`,
  );
  // With the plus it takes the index on attempted_at, of which hardly ever anything lies ahead of now.
  const ahead = queryAll<[EpochMs, number], StsRow>(
    database,
    `SELECT ${COLUMNS} FROM sts WHERE refresh_at IS NOT NULL AND +refresh_at > ?1 AND attempted_at > ?1
     ORDER BY attempted_at LIMIT ?2`,
  );
  const forget = command<[EpochMs]>(
    database,
    'DELETE FROM sts WHERE used_at < ?1 AND (expires_at IS NULL OR expires_at < ?1)',
  );
  return {
    get(domain) {
      const row = get(domain);
      return row === undefined ? undefined : entryOf(row);
    },
    list: ({ after, limit }) => list(after ?? '', limit).map(entryOf),
    put: (entry) => void put(...valuesOf(entry)),
    remove: (domain) => remove(domain).changes > 0,
    due(now, limit) {
      const rows = due(now, limit);
      if (rows.length < limit) rows.push(...ahead(now, limit - rows.length));
      return rows.map(entryOf);
    },
    forget: (before) => forget(before).changes,
  };
}

function valuesOf({ domain, known, failures, ...times }: StsEntry): Values {
  return [
    domain,
    known?.id ?? null,
    known?.fetchedAt ?? null,
    known?.expiresAt ?? null,
    times.attemptedAt,
    times.refreshAt,
    times.usedAt,
    times.clock,
    failures === null ? null : JSON.stringify(failures),
    known === null ? null : JSON.stringify(known.policy),
  ];
}

function entryOf(row: StsRow): StsEntry {
  return {
    domain: row.domain,
    known: knownOf(row),
    failures: row.failures === null ? null : failuresFrom(row.failures),
    attemptedAt: row.attempted_at,
    refreshAt: row.refresh_at,
    usedAt: row.used_at,
    clock: row.clock,
  };
}

function knownOf({ id, policy, fetched_at, expires_at }: StsRow): StsEntry['known'] {
  // All of them or none, as the table demands.
  if (id === null || policy === null || fetched_at === null || expires_at === null) return null;
  return { id, policy: policyFrom(policy), fetchedAt: fetched_at, expiresAt: expires_at };
}

function policyFrom(json: string): StsPolicy {
  const policy: StsPolicy = JSON.parse(json);
  return policy;
}

function failuresFrom(json: string): FetchFailures {
  const failures: FetchFailures = JSON.parse(json);
  return failures;
}
