import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type DataFolder, openDataFolder } from '../../../src/store/data-folder.ts';
import { openOutbox } from '../../../src/store/open-outbox.ts';
import type { NewBatch, Outbox } from '../../../src/store/outbox.ts';
import { StoreError } from '../../../src/store/store-error.ts';

function folderFor(t: TestContext): DataFolder {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-outbox-'));
  const folder = openDataFolder(path);
  t.after(() => {
    folder.close();
    rmSync(path, { recursive: true });
  });
  return folder;
}

async function opened(t: TestContext, folder = folderFor(t)): Promise<Outbox> {
  const outbox = await openOutbox(folder);
  t.after(() => outbox.close());
  return outbox;
}

function batch(id: string, given: Partial<NewBatch> = {}): NewBatch {
  return { webhook: 'shop', id, body: `[${id}]`, events: 1, at: 1_000, mostOctets: 1_000_000, ...given };
}

describe('the outbox', () => {
  it('gives the oldest first, until it is done, over a restart', async (t) => {
    const folder = folderFor(t);
    let outbox = await openOutbox(folder);
    await outbox.add([batch('a'), batch('b', { at: 2_000, events: 3 }), batch('c', { webhook: 'other' })]);
    const head = await outbox.head('shop');
    assert.deepEqual(head, {
      number: 1,
      webhook: 'shop',
      id: 'a',
      body: '[a]',
      events: 1,
      at: 1_000,
      attempts: 0,
      dueAt: 1_000,
    });
    await outbox.defer(1, { attempts: 1, dueAt: 9_000 }, 'it was down');
    await outbox.close();
    outbox = await opened(t, folder);
    assert.deepEqual(await outbox.head('shop'), { ...head, attempts: 1, dueAt: 9_000 });
    await outbox.done(1);
    assert.equal((await outbox.head('shop'))?.id, 'b');
    await outbox.done(2);
    assert.equal(await outbox.head('shop'), null);
    assert.equal((await outbox.head('other'))?.id, 'c');
  });

  it('keeps all of a call or nothing', async (t) => {
    const outbox = await opened(t);
    await outbox.add([batch('a')]);
    await assert.rejects(outbox.add([batch('b'), batch('a')]), StoreError);
    assert.deepEqual((await outbox.kept())[0]?.waiting, {
      batches: 1,
      events: 1,
      octets: 3,
      oldestAt: 1_000,
    });
  });

  it('drops the oldest where there is no room, dead letters first, and never the newest', async (t) => {
    const outbox = await opened(t);
    const sized = (id: string, octets: number): NewBatch =>
      batch(id, { body: 'x'.repeat(octets), mostOctets: 100, events: 2 });
    assert.deepEqual(await outbox.add([sized('a', 40), sized('b', 40)]), []);
    await outbox.bury('shop', { number: 2 }, 5_000, 'refused');
    assert.deepEqual(await outbox.add([sized('c', 40)]), [{ webhook: 'shop', batches: 1, events: 2 }]);
    assert.deepEqual(await outbox.dead('shop', 0, 10), []);
    assert.equal((await outbox.head('shop'))?.id, 'a');
    assert.deepEqual(await outbox.add([sized('d', 500)]), [{ webhook: 'shop', batches: 2, events: 4 }]);
    assert.equal((await outbox.head('shop'))?.id, 'd');
    // What was done makes room.
    await outbox.done(4);
    assert.deepEqual(await outbox.add([sized('e', 100)]), []);
  });

  it('counts what an earlier process has left towards the room', async (t) => {
    const folder = folderFor(t);
    const first = await openOutbox(folder);
    await first.add([batch('a', { body: 'x'.repeat(80) })]);
    await first.close();
    const outbox = await opened(t, folder);
    const dropped = await outbox.add([batch('b', { body: 'x'.repeat(80), mostOctets: 100 })]);
    assert.deepEqual(dropped, [{ webhook: 'shop', batches: 1, events: 1 }]);
  });

  it('buries by age, shows what is dead, revives it before all others, and forgets it', async (t) => {
    const outbox = await opened(t);
    await outbox.add([batch('a'), batch('b', { at: 2_000 }), batch('c', { at: 3_000 })]);
    assert.deepEqual(await outbox.bury('shop', { before: 3_000 }, 9_000, 'too old'), {
      batches: 2,
      events: 2,
    });
    const [first, second] = await outbox.dead('shop', 0, 10);
    assert.deepEqual(
      [first, second].map((letter) => [letter?.id, letter?.at, letter?.deadAt, letter?.because]),
      [
        ['a', 1_000, 9_000, 'too old'],
        ['b', 2_000, 9_000, 'too old'],
      ],
    );
    assert.deepEqual(await outbox.dead('shop', first?.number ?? 0, 10), [second]);
    assert.deepEqual(await outbox.revive('shop', 10_000), { batches: 2, events: 2 });
    assert.equal((await outbox.head('shop'))?.id, 'a');
    assert.equal((await outbox.head('shop'))?.at, 10_000);
    await outbox.bury('shop', { number: 1 }, 20_000, 'refused');
    await outbox.forget(20_000);
    assert.equal((await outbox.dead('shop', 0, 10)).length, 1);
    await outbox.forget(20_001);
    assert.deepEqual(await outbox.dead('shop', 0, 10), []);
  });

  it('knows how far it is complete, unless it was closed in order', async (t) => {
    const outbox = await opened(t);
    await outbox.begin(['shop', 'other'], 500);
    await outbox.add([batch('a')]);
    assert.deepEqual(await outbox.left(), [
      { webhook: 'other', reachedAt: 500 },
      { webhook: 'shop', reachedAt: 1_000 },
    ]);
    await outbox.complete();
    assert.deepEqual(await outbox.left(), []);
  });

  it('remembers that a receiver wants nothing any more', async (t) => {
    const outbox = await opened(t);
    const ended = { url: 'https://hooks.test/', at: 5, because: 'the receiver answered 410' };
    await outbox.begin(['shop'], 1);
    await outbox.end('shop', ended);
    assert.deepEqual((await outbox.kept())[0]?.ended, ended);
    await outbox.resume('shop');
    assert.equal((await outbox.kept())[0]?.ended, null);
  });
});

describe('an outbox that cannot be used', () => {
  it('is refused with what to do', async (t) => {
    const folder = folderFor(t);
    writeFileSync(
      join(folder.path, 'webhooks.db'),
      'no database, but long enough to be looked at'.repeat(100),
    );
    await assert.rejects(openOutbox(folder), (error: unknown) => {
      assert.ok(error instanceof StoreError && error.code === 'damaged');
      assert.match(error.message, /waxwing events replay/);
      return true;
    });
  });

  it('answers every call once it is closed', async (t) => {
    const outbox = await openOutbox(folderFor(t));
    await outbox.close();
    await assert.rejects(outbox.head('shop'), StoreError);
    await outbox.close();
  });
});
