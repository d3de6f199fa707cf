import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { DeliveryEvent, LoggedEvent } from '../../../../src/events/delivery-event.ts';
import type { Posting } from '../../../../src/net/https-post.ts';
import { startWebhooks } from '../../../../src/relay/webhooks/webhooks.ts';
import { down, memoryDatabase, outboxOf, stage, taken, webhookFor } from '../../../support/outbox.ts';

function event(id: string, given: Partial<DeliveryEvent> = {}): DeliveryEvent {
  return {
    event: 'delivered',
    id,
    at: '2026-11-28T12:00:00.000Z',
    from: 'a@origin.test',
    to: 'b@far.test',
    mx: null,
    reply: null,
    attempt: 1,
    tls: null,
    nextAttemptAt: null,
    ...given,
  };
}

function idsIn(postings: readonly Posting[]): (string | null)[] {
  return postings.flatMap(({ body }) => {
    const events: LoggedEvent[] = JSON.parse(body);
    return events.map(({ id }) => id);
  });
}

describe('what happened is posted', () => {
  it('in one request for all of a second, as the event log has it, in order', async () => {
    const { parts, posted, later } = stage(memoryDatabase());
    const webhooks = await startWebhooks([webhookFor()], parts);
    webhooks.write([event('one'), event('two')]);
    webhooks.write([event('three')]);
    await later(900);
    assert.equal(posted.length, 0);
    await later(100);
    assert.equal(posted.length, 1);
    assert.deepEqual(JSON.parse(posted[0]?.body ?? ''), [event('one'), event('two'), event('three')]);
    assert.equal(posted[0]?.headers['webhook-id'], 'msg_1');
    await webhooks.close();
  });

  it('at once where a request is full', async () => {
    const { parts, posted, later } = stage(memoryDatabase());
    const webhooks = await startWebhooks([webhookFor({ batch: 2 })], parts);
    webhooks.write([event('one'), event('two'), event('three')]);
    await later(1);
    assert.deepEqual(idsIn(posted), ['one', 'two']);
    await later(1_000);
    assert.deepEqual(idsIn(posted), ['one', 'two', 'three']);
    await webhooks.close();
  });

  it('to those only who want it', async () => {
    const { parts, posted, later } = stage(memoryDatabase());
    const filter = { names: new Set(['bounced'] as const), domains: null };
    const webhooks = await startWebhooks([webhookFor({ filter })], parts);
    webhooks.write([event('one'), event('two', { event: 'bounced' })]);
    await later(1_000);
    assert.deepEqual(idsIn(posted), ['two']);
    await webhooks.close();
  });

  it('one request at a time: what comes meanwhile waits for its answer', async () => {
    const { parts, posted, later, answer } = stage(memoryDatabase());
    const slow = Promise.withResolvers<typeof taken>();
    answer(() => slow.promise);
    const webhooks = await startWebhooks([webhookFor({ batch: 1 })], parts);
    webhooks.write([event('one'), event('two')]);
    await later(5_000);
    assert.deepEqual(idsIn(posted), ['one']);
    slow.resolve(taken);
    await later(1);
    assert.deepEqual(idsIn(posted), ['one', 'two']);
    await webhooks.close();
  });
});

describe('a receiver that takes nothing', () => {
  it('is down for an hour: everything goes out once it is back, in order and once', async () => {
    const { parts, posted, told, later, answer } = stage(memoryDatabase());
    const webhooks = await startWebhooks([webhookFor()], parts);
    answer(down);
    const sent: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      for (let second = 0; second < 6; second++) {
        const id = `${minute}.${second}`;
        sent.push(id);
        webhooks.write([event(id)]);
        await later(10_000, 5_000);
      }
    }
    const tries = posted.length;
    assert.ok(tries > 5 && tries < 20, `${tries} tries in an hour`);
    assert.ok(
      posted.every(({ headers }) => headers['webhook-id'] === posted[0]?.headers['webhook-id']),
      'the oldest goes first, under the same id',
    );
    const [listed] = await webhooks.list();
    assert.equal(listed?.sender?.state, 'waiting');
    assert.equal(listed?.waiting.events, sent.length);
    answer(taken);
    await later(3_600_000, 60_000);
    assert.deepEqual(idsIn(posted.slice(tries)), sent);
    assert.equal((await webhooks.list())[0]?.waiting.events, 0);
    assert.deepEqual(told, [
      'warn: the webhook shop waits: connect ECONNREFUSED',
      'info: the webhook shop is taken again',
    ]);
    await webhooks.close();
  });

  it('is back: an operator can say so, and nobody waits for the next try', async () => {
    const { parts, posted, later, answer } = stage(memoryDatabase());
    answer(down);
    const webhooks = await startWebhooks([webhookFor()], parts);
    webhooks.write([event('one')]);
    await later(7_200_000, 60_000);
    answer(taken);
    posted.length = 0;
    await webhooks.retryDead('shop');
    await later(1);
    assert.deepEqual(idsIn(posted), ['one']);
    await webhooks.close();
  });

  it('for three days: what is that old is a dead letter, and goes out when an operator says so', async () => {
    const { parts, posted, later, answer } = stage(memoryDatabase());
    const webhooks = await startWebhooks([webhookFor({ batch: 1 })], parts);
    answer(down);
    webhooks.write([event('one'), event('two')]);
    await later(3 * 86_400_000 + 2 * 3_600_000, 600_000);
    const dead = await webhooks.dead('shop', 0);
    assert.deepEqual(dead.kind === 'ok' && dead.value.map(({ because }) => because), [
      'connect ECONNREFUSED',
      // It was never tried by itself.
      'connect ECONNREFUSED',
    ]);
    posted.length = 0;
    answer(taken);
    await later(7_200_000, 600_000);
    assert.deepEqual(posted, []);
    assert.deepEqual(await webhooks.retryDead('shop'), { kind: 'ok', value: { batches: 2, events: 2 } });
    await later(1);
    assert.deepEqual(idsIn(posted), ['one', 'two']);
    await webhooks.close();
  });

  it('refuses one request for what it is: the others go on after minutes, not days', async () => {
    const { parts, posted, told, later, answer } = stage(memoryDatabase());
    answer(({ body }) =>
      Promise.resolve(
        body.includes('poison') ? { kind: 'answered', status: 422, retryAfter: undefined } : taken,
      ),
    );
    const webhooks = await startWebhooks([webhookFor({ batch: 1 })], parts);
    webhooks.write([event('poison'), event('two')]);
    await later(600_000, 1_000);
    assert.deepEqual(idsIn(posted).at(-1), 'two');
    assert.match(
      told.join('\n'),
      /error: the webhook shop: 1 event is a dead letter: the receiver answered 422/,
    );
    await webhooks.close();
  });

  it('says 410: it is switched off, across restarts, until an operator or another address switches it on', async () => {
    const database = memoryDatabase();
    const first = stage(database);
    first.answer({ kind: 'answered', status: 410, retryAfter: undefined });
    let webhooks = await startWebhooks([webhookFor()], first.parts);
    webhooks.write([event('one')]);
    await first.later(2_000);
    webhooks.write([event('two')]);
    await first.later(86_400_000);
    assert.equal(first.posted.length, 1);
    assert.match(
      first.told.join('\n'),
      /error: the webhook shop is switched off, as the receiver answered 410/,
    );
    const dead = await webhooks.dead('shop', 0);
    assert.ok(dead.kind === 'ok');
    assert.deepEqual(
      dead.value.map(({ attempts }) => attempts),
      [1],
      'the one that was answered by 410 counts',
    );
    await webhooks.close();

    const second = stage(database);
    webhooks = await startWebhooks([webhookFor()], second.parts);
    webhooks.write([event('three')]);
    await second.later(5_000);
    assert.deepEqual(second.posted, []);
    assert.equal((await webhooks.list())[0]?.sender?.state, 'ended');
    await webhooks.retryDead('shop');
    webhooks.write([event('four')]);
    await second.later(5_000);
    assert.deepEqual(idsIn(second.posted), ['one', 'four']);
    await webhooks.close();
  });

  it('fills the outbox: the oldest is dropped and told of, and the newest is there', async () => {
    const { parts, posted, told, later, answer } = stage(memoryDatabase());
    answer(down);
    const webhooks = await startWebhooks([webhookFor({ batch: 1, backlogOctets: 2_000 })], parts);
    for (let number = 0; number < 20; number++) webhooks.write([event(String(number))]);
    await later(2_000);
    assert.match(
      told.join('\n'),
      /the outbox of the webhooks is full: the oldest events are dropped \(\d+ of shop\)/,
    );
    const [listed] = await webhooks.list();
    assert.ok((listed?.waiting.octets ?? 0) <= 2_000);
    posted.length = 0;
    answer(taken);
    await later(60_000, 1_000);
    assert.equal(idsIn(posted).at(-1), '19');
    await webhooks.close();
  });
});

describe('a restart', () => {
  it('sends what waited, under the same id and with the same octets', async () => {
    const database = memoryDatabase();
    const first = stage(database);
    first.answer(down);
    let webhooks = await startWebhooks([webhookFor()], first.parts);
    webhooks.write([event('one')]);
    await first.later(2_000);
    webhooks.write([event('two')]);
    await webhooks.close();
    const second = stage(database);
    webhooks = await startWebhooks([webhookFor()], second.parts);
    await second.later(60_000, 1_000);
    assert.deepEqual(idsIn(second.posted), ['one', 'two']);
    assert.equal(second.posted[0]?.body, first.posted[0]?.body);
    assert.equal(second.posted[0]?.headers['webhook-id'], first.posted[0]?.headers['webhook-id']);
    await webhooks.close();
  });

  it('after a kill sends what the process before had not kept yet, out of the event log', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
    t.after(() => rm(folder, { recursive: true }));
    const log = join(folder, 'events.ndjson');
    const database = memoryDatabase();
    const first = stage(database, { log });
    const webhooks = await startWebhooks([webhookFor()], first.parts);
    await first.later(60_000);
    // It is gathered, and the process dies.
    const lost = event('lost', { at: new Date(first.now()).toISOString() });
    webhooks.write([lost]);
    await writeFile(
      log,
      `${JSON.stringify(event('old', { at: '2026-11-28T11:00:00.000Z' }))}\n${JSON.stringify(lost)}\n`,
    );

    const second = stage(database, { log });
    await second.later(120_000);
    const again = await startWebhooks([webhookFor()], second.parts);
    await second.later(1_000);
    assert.deepEqual(idsIn(second.posted), ['lost']);
    await again.close();
    const third = stage(database, { log });
    await (await startWebhooks([webhookFor()], third.parts)).close();
    assert.deepEqual(third.posted, [], 'an end in order leaves nothing to make up for');
  });

  it('after a kill does not make up for what a webhook was not to be told: it was gone', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
    t.after(() => rm(folder, { recursive: true }));
    const log = join(folder, 'events.ndjson');
    const database = memoryDatabase();
    const first = stage(database, { log });
    const webhooks = await startWebhooks([webhookFor()], first.parts);
    await webhooks.use([]);
    await first.later(60_000);
    const meanwhile = event('meanwhile', { at: new Date(first.now()).toISOString() });
    await writeFile(log, `${JSON.stringify(meanwhile)}\n`);
    // It dies.
    const second = stage(database, { log });
    await second.later(120_000);
    const again = await startWebhooks([webhookFor()], second.parts);
    await second.later(1_000);
    assert.deepEqual(second.posted, []);
    await again.close();
  });

  it('after a kill says where it could not make up for all', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
    t.after(() => rm(folder, { recursive: true }));
    const log = join(folder, 'events.ndjson');
    const database = memoryDatabase();
    const first = stage(database, { log });
    await startWebhooks([webhookFor()], first.parts);
    const lines = Array.from({ length: 50 }, (_, id) => JSON.stringify(event(String(id))));
    await writeFile(log, `${lines.join('\n')}\n`);
    const second = stage(database, { log });
    await second.later(10_000);
    const again = await startWebhooks([webhookFor({ backlogOctets: 3_000 })], second.parts);
    assert.match(
      second.told.join('\n'),
      /the webhook shop has no room for more of them: replay those since 2026-/,
    );
    await again.close();
  });
});

describe('a webhook that is seldom told of anything', () => {
  it('has no more than some minutes of the log read after a kill', async () => {
    const database = memoryDatabase();
    const { parts, now, later } = stage(database);
    await startWebhooks([webhookFor()], parts);
    await later(3_600_000, 10_000);
    const [left] = await outboxOf(database).left();
    assert.ok((left?.reachedAt ?? 0) > now() - 120_000);
  });
});

describe('past events', () => {
  it('are sent once more, those since a moment, and only what the webhook wants', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
    t.after(() => rm(folder, { recursive: true }));
    const log = join(folder, 'events.ndjson');
    const at = (minute: number): string =>
      new Date(Date.parse('2026-11-28T11:00:00Z') + minute * 60_000).toISOString();
    const lines = Array.from({ length: 50 }, (_, minute) =>
      JSON.stringify(
        event(String(minute), { at: at(minute), event: minute % 2 === 0 ? 'delivered' : 'deferred' }),
      ),
    );
    await writeFile(`${log}.1`, `${lines.slice(0, 20).join('\n')}\n`);
    await writeFile(log, `${lines.slice(20).join('\n')}\n{"event":"rec`);
    const { parts, posted, later } = stage(memoryDatabase(), { log });
    const filter = { names: new Set(['delivered'] as const), domains: null };
    const webhooks = await startWebhooks([webhookFor({ filter, batch: 7 })], parts);
    const replayed = await webhooks.replay('shop', Date.parse(at(10)), Date.parse(at(40)));
    assert.deepEqual(replayed, {
      kind: 'ok',
      value: { events: 15, from: at(10), to: at(38), ended: 'all' },
    });
    await later(1);
    assert.deepEqual(
      idsIn(posted),
      Array.from({ length: 15 }, (_, index) => String(10 + 2 * index)),
    );
    await webhooks.close();
  });

  it('never push out what waits', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
    t.after(() => rm(folder, { recursive: true }));
    const log = join(folder, 'events.ndjson');
    await writeFile(
      log,
      Array.from({ length: 50 }, (_, id) => `${JSON.stringify(event(String(id)))}\n`).join(''),
    );
    const { parts, told, later, answer } = stage(memoryDatabase(), { log });
    answer(down);
    const webhooks = await startWebhooks([webhookFor({ batch: 5, backlogOctets: 3_000 })], parts);
    const replayed = await webhooks.replay('shop', 0, Number.MAX_SAFE_INTEGER);
    assert.ok(replayed.kind === 'ok' && replayed.value.ended === 'full' && replayed.value.events < 50);
    await later(1);
    assert.ok(told.every((line) => !line.includes('dropped')));
    await webhooks.close();
  });

  it('are refused where the log is no file, and for a webhook that is not there', async () => {
    const { parts } = stage(memoryDatabase());
    const webhooks = await startWebhooks([webhookFor()], parts);
    assert.equal((await webhooks.replay('shop', 0, 1)).kind, 'refused');
    assert.deepEqual(await webhooks.dead('other', 0), {
      kind: 'refused',
      because: 'there is no webhook other',
    });
    await webhooks.close();
  });
});

describe('another configuration', () => {
  it('keeps what waits for a webhook that stays, and shows one that is gone', async () => {
    const { parts, posted, later, answer } = stage(memoryDatabase());
    answer(down);
    const webhooks = await startWebhooks([webhookFor(), webhookFor({ name: 'gone' })], parts);
    webhooks.write([event('one')]);
    await later(1_000);
    answer(taken);
    await webhooks.use([webhookFor({ batch: 1 })]);
    posted.length = 0;
    await later(60_000, 1_000);
    assert.deepEqual(idsIn(posted), ['one']);
    const listed = await webhooks.list();
    assert.deepEqual(
      listed.map(({ webhook, sender, waiting }) => [webhook, sender?.state, waiting.events]),
      [
        ['gone', undefined, 1],
        ['shop', 'idle', 0],
      ],
    );
    await webhooks.close();
  });

  it('opens nothing where there is no webhook', async () => {
    const { parts } = stage(memoryDatabase(), { openOutbox: () => Promise.reject(new Error('opened')) });
    const webhooks = await startWebhooks([], parts);
    webhooks.write([event('one')]);
    assert.deepEqual(await webhooks.list(), []);
    await webhooks.close();
  });
});

describe('an outbox that fails', () => {
  it('takes the events once it works again, and is told of once', async () => {
    const outbox = outboxOf(memoryDatabase());
    let fails = true;
    const { parts, posted, told, later } = stage(memoryDatabase(), {
      openOutbox: () =>
        Promise.resolve({
          ...outbox,
          add: (batches) => (fails ? Promise.reject(new Error('disk full')) : outbox.add(batches)),
        }),
    });
    const webhooks = await startWebhooks([webhookFor()], parts);
    for (const id of ['one', 'two', 'three']) {
      webhooks.write([event(id)]);
      await later(1_000);
    }
    fails = false;
    await later(5_000, 1_000);
    assert.deepEqual(idsIn(posted), ['one', 'two', 'three']);
    assert.deepEqual(told, ['error: the outbox of the webhooks: disk full']);
    await webhooks.close();
  });
});
