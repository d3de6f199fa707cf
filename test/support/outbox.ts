/** The outbox of webhooks in memory, a clock that only the test moves, and a receiver that answers as it is told. */
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Deadlines } from '../../src/net/deadlines.ts';
import type { Posting, PostOutcome } from '../../src/net/https-post.ts';
import type { Webhook } from '../../src/relay/webhooks/settings.ts';
import { parseSecrets } from '../../src/relay/webhooks/signature.ts';
import type { WebhooksParts } from '../../src/relay/webhooks/webhooks.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { Outbox } from '../../src/store/outbox.ts';
import { outboxDatabase } from '../../src/store/outbox-database.ts';
import { outboxTable } from '../../src/store/outbox-table.ts';
import { manualDeadlines } from './manual-deadlines.ts';

export function memoryDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  migrate(database, outboxDatabase);
  return database;
}

/** The same tables without a thread. */
export function outboxOf(database: DatabaseSync): Outbox {
  const table = outboxTable(database);
  return {
    add: async (...given) => table.add(...given),
    head: async (...given) => table.head(...given),
    done: async (...given) => table.done(...given),
    defer: async (...given) => table.defer(...given),
    bury: async (...given) => table.bury(...given),
    revive: async (...given) => table.revive(...given),
    end: async (...given) => table.end(...given),
    resume: async (...given) => table.resume(...given),
    kept: async (...given) => table.kept(...given),
    dead: async (...given) => table.dead(...given),
    forget: async (...given) => table.forget(...given),
    left: async (...given) => table.left(...given),
    begin: async (...given) => table.begin(...given),
    complete: async (...given) => table.complete(...given),
    close: () => Promise.resolve(),
  };
}

export interface Stage {
  readonly parts: WebhooksParts;
  readonly deadlines: Deadlines;
  /** What was posted, in order. */
  readonly posted: Posting[];
  /** Lines of the log. */
  readonly told: string[];
  /** From here on the receiver answers so. */
  readonly answer: (next: PostOutcome | ((posting: Posting) => Promise<PostOutcome>)) => void;
  readonly now: () => number;
  /** Lets time go by in steps, and what is due happen in each. */
  readonly later: (ms: number, stepMs?: number) => Promise<void>;
}

export const taken: PostOutcome = { kind: 'answered', status: 204, retryAfter: undefined };
export const down: PostOutcome = { kind: 'failed', because: 'connect ECONNREFUSED' };

/** @param database what an earlier process has left. */
export function stage(database: DatabaseSync, given: Partial<WebhooksParts> = {}): Stage {
  let now = Date.parse('2026-11-28T12:00:00Z');
  let ids = 0;
  let answering: (posting: Posting) => Promise<PostOutcome> = () => Promise.resolve(taken);
  const deadlines = manualDeadlines();
  const posted: Posting[] = [];
  const told: string[] = [];
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await turnOfTheLoop();
  };
  return {
    deadlines,
    posted,
    told,
    parts: {
      openOutbox: () => Promise.resolve(outboxOf(database)),
      openPoster: () => ({
        post(posting) {
          posted.push(posting);
          return answering(posting);
        },
        close: () => undefined,
      }),
      world: { now: () => now, random: () => 0.5 },
      deadlines,
      newId: () => `msg_${++ids}`,
      userAgent: 'waxwing/test',
      log: null,
      tell: (level, what) => told.push(`${level}: ${what}`),
      ...given,
    },
    answer(next) {
      answering = typeof next === 'function' ? next : () => Promise.resolve(next);
    },
    now: () => now,
    async later(ms, stepMs = ms) {
      await settled();
      for (let passed = 0; passed < ms; passed += stepMs) {
        now += stepMs;
        deadlines.later(stepMs);
        await settled();
      }
    },
  };
}

const secret = parseSecrets(`whsec_${Buffer.alloc(24, 7).toString('base64')}`);

export function webhookFor(given: Partial<Webhook> = {}): Webhook {
  return {
    name: 'shop',
    url: 'https://hooks.example.test/mail',
    target: {
      scheme: 'http',
      host: { kind: 'ip', address: '127.0.0.1' },
      port: 80,
      path: '/mail',
    },
    filter: { names: null, domains: null },
    keys: secret.kind === 'ok' ? secret.value : [],
    batch: 100,
    batchWaitMs: 1_000,
    timeoutMs: 15_000,
    backlogOctets: 512_000_000,
    ...given,
  };
}
