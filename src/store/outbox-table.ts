/** The tables of webhooks.db. */
import type { DatabaseSync } from 'node:sqlite';
import type { Amount, Dropped, KeptOfWebhook, NewBatch, OutboxTable, Which } from './outbox.ts';
import { type KeptRow, outboxStatements, type Victim, type WebhookRow } from './outbox-statements.ts';

/** Requests of one webhook, whatever their size: each costs a row and its places in two indexes. */
const MOST_BATCHES = 200_000;

interface Totals {
  batches: number;
  octets: number;
}

export function outboxTable(database: DatabaseSync): OutboxTable {
  const statements = outboxStatements(database);
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
    forget: (before) =>
      inOneCommit(() => {
        let forgotten = 0;
        for (const { name } of statements.webhooks()) forgotten += statements.forget(name, before).changes;
        if (forgotten > 0) count();
      }),
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
