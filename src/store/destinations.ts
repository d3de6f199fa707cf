/**
 * The table `destinations`: the upper level of scheduling.
 *
 * A destination's row says when its oldest recipient is due and how many claims it has out, so that finding work
 * never walks the recipients of a destination that has as many claims out as it may.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../queue/delivery.ts';
import { PENDING } from './recipients.ts';
import { command, queryOne } from './statement.ts';

export interface Destinations {
  /** A recipient of `name` is due at `at`. */
  expect(name: string, at: EpochMs): void;
  /** Derives the row of `name` anew, after its recipients or claims have changed. */
  refresh(name: string): void;
  /** The destination that has been due longest of those with fewer than `perDestination` claims out. */
  oldestDue(now: EpochMs, perDestination: number): string | undefined;
  nextDue(perDestination: number): EpochMs | undefined;
  /** Forgets destinations that have nothing to wait for. */
  purge(): void;
}

export function destinationsTable(database: DatabaseSync): Destinations {
  const expect = command<[string, EpochMs]>(
    database,
    `INSERT INTO destinations (name, next_at, in_flight) VALUES (?, ?, 0) ON CONFLICT (name) DO UPDATE
     SET next_at = excluded.next_at WHERE next_at IS NULL OR excluded.next_at < next_at`,
  );
  const refresh = command<[string]>(
    database,
    `INSERT INTO destinations (name, next_at, in_flight) VALUES (
       ?1,
       (SELECT min(claimable_at) FROM recipients
        WHERE destination = ?1 AND ${PENDING}),
       (SELECT count(*) FROM claims WHERE destination = ?1)
     ) ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at, in_flight = excluded.in_flight`,
  );
  // Steps over the destinations that are full: no more of them than there are claims out.
  const oldestDue = queryOne<[EpochMs, number], { name: string }>(
    database,
    'SELECT name FROM destinations WHERE next_at <= ? AND in_flight < ? ORDER BY next_at LIMIT 1',
  );
  const nextDue = queryOne<[number], { due: EpochMs | null }>(
    database,
    `SELECT min(due) AS due FROM (
       SELECT * FROM (SELECT next_at AS due FROM destinations
         WHERE next_at IS NOT NULL AND in_flight < ? ORDER BY next_at LIMIT 1)
       UNION ALL SELECT min(lease_ends) FROM claims)`,
  );
  const purge = command<[]>(database, 'DELETE FROM destinations WHERE next_at IS NULL AND in_flight = 0');
  return {
    expect: (name, at) => void expect(name, at),
    refresh: (name) => void refresh(name),
    oldestDue: (now, perDestination) => oldestDue(now, perDestination)?.name,
    nextDue: (perDestination) => nextDue(perDestination)?.due ?? undefined,
    purge: () => void purge(),
  };
}
