/** The table `suppressions`: recipients whose mail comes back, and since when none is taken for them. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../policies/words.ts';
import type { Bounce, ClientStore, Suppression, SuppressionRule } from './client-store.ts';
import { inOneCommit } from './in-one-commit.ts';
import { command, queryAll, queryOne } from './statement.ts';

interface Row {
  readonly address: string;
  readonly times: string;
  readonly status: string;
  readonly diagnostic: string | null;
  readonly suppressed_at: EpochMs | null;
}

const COLUMNS = 'address, times, status, diagnostic, suppressed_at';

export function suppressionsTable(database: DatabaseSync): ClientStore['suppressions'] {
  const one = queryOne<[string], Row>(database, `SELECT ${COLUMNS} FROM suppressions WHERE address = ?`);
  const list = queryAll<[string, number], Row>(
    database,
    `SELECT ${COLUMNS} FROM suppressions WHERE suppressed_at IS NOT NULL AND address > ? ORDER BY address LIMIT ?`,
  );
  const count = queryOne<[], { readonly number: number }>(
    database,
    'SELECT count(*) AS number FROM suppressions WHERE suppressed_at IS NOT NULL',
  );
  const put = command<[string, string, EpochMs, string, string | null, EpochMs | null]>(
    database,
    `INSERT OR REPLACE INTO suppressions (address, times, last_at, status, diagnostic, suppressed_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const remove = command<[string]>(database, 'DELETE FROM suppressions WHERE address = ?');
  const forget = command<[EpochMs]>(
    database,
    'DELETE FROM suppressions WHERE suppressed_at IS NULL AND last_at < ?',
  );
  const of = (address: string): Suppression | undefined => {
    const row = one(address);
    return row === undefined ? undefined : toSuppression(row);
  };
  return {
    of,
    add(bounces, rule) {
      const fresh: Suppression[] = [];
      inOneCommit(database, () => {
        for (const bounce of bounces) {
          const before = of(bounce.address);
          const now = withBounce(before, bounce, rule);
          put(
            now.address,
            JSON.stringify(now.times),
            bounce.at,
            now.status,
            now.diagnostic,
            now.suppressedAt,
          );
          if (now.suppressedAt !== null && (before?.suppressedAt ?? null) === null) fresh.push(now);
        }
      });
      return fresh;
    },
    list: ({ after, most }) => list(after, most).map(toSuppression),
    count: () => count()?.number ?? 0,
    lift: (address) => remove(address).changes > 0,
    forget: (before) => void forget(before),
  };
}

function withBounce(
  before: Suppression | undefined,
  { address, at, status, diagnostic }: Bounce,
  { after, withinMs }: SuppressionRule,
): Suppression {
  const recent = (before?.times ?? []).filter((time) => time > at - withinMs && time <= at);
  const times = [...recent, at].slice(-after);
  const suppressedAt = before?.suppressedAt ?? (times.length >= after ? at : null);
  return { address, times, status, diagnostic, suppressedAt };
}

function toSuppression({ address, times, status, diagnostic, suppressed_at }: Row): Suppression {
  const read: unknown = JSON.parse(times);
  const known = Array.isArray(read) ? read.filter((time): time is number => typeof time === 'number') : [];
  return { address, times: known, status, diagnostic, suppressedAt: suppressed_at };
}
