/** The tables of webhooks.db. */
import type { DatabaseSync } from 'node:sqlite';
import type {
  Amount,
  Batch,
  DeadLetter,
  Dropped,
  KeptOfWebhook,
  LeftOfWebhook,
  NewBatch,
  OutboxTable,
  Which,
} from './outbox.ts';
import { command, queryAll, queryOne } from './statement.ts';

/** Requests of one webhook, whatever their size: each costs a row and its places in two indexes. */
const MOST_BATCHES = 200_000;

interface Totals {
  batches: number;
  octets: number;
}

interface KeptRow {
  readonly webhook: string;
  readonly dead: 0 | 1;
  readonly batches: number;
  readonly events: number;
  readonly octets: number;
  readonly oldest: number;
}

interface WebhookRow {
  readonly name: string;
  readonly url: string | null;
  readonly at: number | null;
  readonly because: string | null;
}

interface Victim {
  readonly number: number;
  readonly events: number;
  readonly octets: number;
}

export function outboxTable(database: DatabaseSync): OutboxTable {
  const statements = prepare(database);
  const totals = new Map<string, Totals>();
  const count = (): void => {
    totals.clear();
    for (const { webhook, batches, octets } of statements.sums()) {
      const before = totals.get(webhook);
      totals.set(webhook, {
        batches: (before?.batches ?? 0) + batches,
        octets: (before?.octets ?? 0) + octets,
      });
    }
  };
  count();
  const totalOf = (webhook: string): Totals => {
    const known = totals.get(webhook);
    if (known !== undefined) return known;
    const none = { batches: 0, octets: 0 };
    totals.set(webhook, none);
    return none;
  };
  const remove = (webhook: string, { number, octets }: Victim): void => {
    statements.remove(number);
    const total = totalOf(webhook);
    total.batches -= 1;
    total.octets -= octets;
  };

  function addOne(batch: NewBatch): Amount {
    const octets = Buffer.byteLength(batch.body);
    statements.insert(batch.webhook, batch.id, batch.at, batch.events, octets, batch.at, batch.body);
    statements.reach(batch.webhook, batch.at);
    const total = totalOf(batch.webhook);
    total.batches += 1;
    total.octets += octets;
    const dropped = { batches: 0, events: 0 };
    // The newest stays, however large it is.
    while (total.batches > 1 && (total.octets > batch.mostOctets || total.batches > MOST_BATCHES)) {
      const victim = statements.oldestDead(batch.webhook) ?? statements.oldestWaiting(batch.webhook);
      if (victim === undefined) break;
      remove(batch.webhook, victim);
      dropped.batches += 1;
      dropped.events += victim.events;
    }
    return dropped;
  }

  const inOneCommit = <Result>(work: () => Result): Result => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      count();
      throw error;
    }
  };

  return {
    add: (batches) =>
      inOneCommit(() => {
        const dropped: Dropped[] = [];
        for (const batch of batches) {
          const amount = addOne(batch);
          if (amount.batches > 0) dropped.push({ webhook: batch.webhook, ...amount });
        }
        return dropped;
      }),
    head: (webhook) => statements.head(webhook) ?? null,
    done: (number) =>
      inOneCommit(() => {
        const row = statements.one(number);
        if (row !== undefined) remove(row.webhook, row);
      }),
    defer: (number, { attempts, dueAt }, because) => void statements.defer(attempts, dueAt, because, number),
    bury: (webhook, which, at, because) => inOneCommit(() => bury(webhook, which, at, because)),
    revive: (webhook, at) =>
      inOneCommit(() => {
        const amount = statements.deadSum(webhook) ?? { batches: 0, events: 0 };
        statements.revive(at, at, webhook);
        return amount;
      }),
    end: (webhook, { url, at, because }) => void statements.end(webhook, url, at, because),
    resume: (webhook) => void statements.resume(webhook),
    kept: () => keptOf(statements.sums(), statements.webhooks()),
    dead: (webhook, after, limit) => statements.dead(webhook, after, limit),
    forget: (before) => {
      if (statements.forget(before).changes > 0) count();
    },
    left: () => statements.left(),
    begin: (webhooks, at) =>
      inOneCommit(() => {
        for (const webhook of webhooks) statements.reach(webhook, at);
      }),
    complete: () => void statements.complete(),
  };

  function bury(webhook: string, which: Which, at: number, because: string): Amount {
    if ('number' in which) {
      const row = statements.one(which.number);
      const { changes } = statements.buryOne(at, because, which.number);
      return { batches: changes, events: changes === 0 ? 0 : (row?.events ?? 0) };
    }
    const amount = statements.waitingSum(webhook, which.before) ?? { batches: 0, events: 0 };
    statements.buryBefore(at, because, webhook, which.before);
    return amount;
  }
}

function prepare(database: DatabaseSync) {
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
    forget: command<[number]>(database, 'DELETE FROM batches WHERE dead_at < ?'),
    left: queryAll<[], LeftOfWebhook>(
      database,
      'SELECT name AS webhook, reached_at AS reachedAt FROM webhooks WHERE complete = 0 AND reached_at IS NOT NULL',
    ),
    complete: command<[]>(database, 'UPDATE webhooks SET complete = 1'),
  };
}

function keptOf(sums: readonly KeptRow[], webhooks: readonly WebhookRow[]): readonly KeptOfWebhook[] {
  return webhooks.map(({ name, url, at, because }) => {
    const of = (dead: 0 | 1): KeptRow | undefined =>
      sums.find((row) => row.webhook === name && row.dead === dead);
    const waiting = of(0);
    const dead = of(1);
    return {
      webhook: name,
      waiting: {
        batches: waiting?.batches ?? 0,
        events: waiting?.events ?? 0,
        octets: waiting?.octets ?? 0,
        oldestAt: waiting?.oldest ?? null,
      },
      dead: { batches: dead?.batches ?? 0, events: dead?.events ?? 0, octets: dead?.octets ?? 0 },
      ended: url === null || at === null || because === null ? null : { url, at, because },
    };
  });
}
