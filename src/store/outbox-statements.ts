/** What webhooks.db is asked and told. */
import type { DatabaseSync } from 'node:sqlite';
import type { Amount, Batch, DeadLetter, LeftOfWebhook } from './outbox.ts';
import { command, queryAll, queryOne } from './statement.ts';

export interface KeptRow {
  readonly webhook: string;
  readonly dead: 0 | 1;
  readonly batches: number;
  readonly events: number;
  readonly octets: number;
  readonly oldest: number;
}

export interface WebhookRow {
  readonly name: string;
  readonly url: string | null;
  readonly at: number | null;
  readonly because: string | null;
}

export interface Victim {
  readonly number: number;
  readonly events: number;
  readonly octets: number;
}

export function outboxStatements(database: DatabaseSync) {
  const victim = 'SELECT number, events, octets FROM batches WHERE webhook = ?';
  const sum = 'SELECT count(*) AS batches, coalesce(sum(events), 0) AS events FROM batches WHERE webhook = ?';
  return {
    insert: command<[string, string, number, number, number, number, string]>(
      database,
      'INSERT INTO batches (webhook, id, at, events, octets, due_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    reach: command<[string, number]>(
      database,
      `INSERT INTO webhooks (name, reached_at) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET reached_at = excluded.reached_at, complete = 0`,
    ),
    remove: command<[number]>(database, 'DELETE FROM batches WHERE number = ?'),
    one: queryOne<[number], Victim & { readonly webhook: string }>(
      database,
      'SELECT number, webhook, events, octets FROM batches WHERE number = ?',
    ),
    oldestDead: queryOne<[string], Victim>(
      database,
      `${victim} AND dead_at IS NOT NULL ORDER BY number LIMIT 1`,
    ),
    oldestWaiting: queryOne<[string], Victim>(
      database,
      `${victim} AND dead_at IS NULL ORDER BY number LIMIT 1`,
    ),
    head: queryOne<[string], Batch>(
      database,
      `SELECT number, webhook, id, body, events, at, attempts, due_at AS dueAt FROM batches
       WHERE webhook = ? AND dead_at IS NULL ORDER BY number LIMIT 1`,
    ),
    defer: command<[number, number, string, number]>(
      database,
      'UPDATE batches SET attempts = ?, due_at = ?, because = ? WHERE number = ?',
    ),
    waitingSum: queryOne<[string, number], Amount>(database, `${sum} AND dead_at IS NULL AND at < ?`),
    deadSum: queryOne<[string], Amount>(database, `${sum} AND dead_at IS NOT NULL`),
    buryOne: command<[number, string, number]>(
      database,
      'UPDATE batches SET dead_at = ?, because = ? WHERE number = ? AND dead_at IS NULL',
    ),
    buryBefore: command<[number, string, string, number]>(
      database,
      'UPDATE batches SET dead_at = ?, because = ? WHERE webhook = ? AND dead_at IS NULL AND at < ?',
    ),
    revive: command<[number, number, string]>(
      database,
      `UPDATE batches SET dead_at = NULL, because = NULL, attempts = 0, at = ?, due_at = ?
       WHERE webhook = ? AND dead_at IS NOT NULL`,
    ),
    end: command<[string, string, number, string]>(
      database,
      `INSERT INTO webhooks (name, ended_url, ended_at, ended_because) VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET ended_url = excluded.ended_url, ended_at = excluded.ended_at,
         ended_because = excluded.ended_because`,
    ),
    resume: command<[string]>(
      database,
      'UPDATE webhooks SET ended_url = NULL, ended_at = NULL, ended_because = NULL WHERE name = ?',
    ),
    sums: queryAll<[], KeptRow>(
      database,
      `SELECT webhook, dead_at IS NOT NULL AS dead, count(*) AS batches, sum(events) AS events, sum(octets) AS octets,
         min(at) AS oldest FROM batches GROUP BY webhook, dead_at IS NOT NULL`,
    ),
    webhooks: queryAll<[], WebhookRow>(
      database,
      'SELECT name, ended_url AS url, ended_at AS at, ended_because AS because FROM webhooks ORDER BY name',
    ),
    dead: queryAll<[string, number, number], DeadLetter>(
      database,
      `SELECT number, id, at, events, attempts, dead_at AS deadAt, coalesce(because, '') AS because FROM batches
       WHERE webhook = ? AND dead_at IS NOT NULL AND number > ? ORDER BY number LIMIT ?`,
    ),
    forget: command<[string, number]>(database, 'DELETE FROM batches WHERE webhook = ? AND dead_at < ?'),
    left: queryAll<[], LeftOfWebhook>(
      database,
      'SELECT name AS webhook, reached_at AS reachedAt FROM webhooks WHERE complete = 0 AND reached_at IS NOT NULL',
    ),
    complete: command<[]>(database, 'UPDATE webhooks SET complete = 1'),
  };
}
