import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { batchedStore } from '../../../src/store/batch.ts';
import { type DataFolder, openDataFolder } from '../../../src/store/data-folder.ts';
import { queueDatabase } from '../../../src/store/migrations.ts';
import { openDatabase } from '../../../src/store/open-database.ts';
import type { QueueStore } from '../../../src/store/queue-store.ts';
import { sqliteQueue } from '../../../src/store/sqlite-queue.ts';
import { queueStoreConforms } from '../../store/conformance.ts';
import { claimAt, message, settleAll, to } from '../../store/samples.ts';

/** The queue without a thread of its own. */
function openHere(folder: DataFolder, most?: { readonly pages: number }): QueueStore {
  const database = openDatabase(folder, queueDatabase);
  if (most !== undefined) database.exec(`PRAGMA max_page_count = ${most.pages}`);
  const queue = sqliteQueue(database, folder);
  return batchedStore({
    commit: (calls) => Promise.resolve(queue.commit(calls)),
    backup: (path) => queue.backup(path),
    close: () => Promise.resolve(queue.close()),
  });
}

function newFolder(t: TestContext): DataFolder {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-store-'));
  const folder = openDataFolder(path);
  t.after(() => {
    folder.close();
    rmSync(path, { recursive: true });
  });
  return folder;
}

queueStoreConforms('the queue over SQLite, on the calling thread', async () => {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-store-'));
  const folder = openDataFolder(path);
  let store = openHere(folder);
  const { incoming } = folder;
  return {
    store,
    incoming,
    async reopen() {
      await store.close();
      store = openHere(folder);
      return store;
    },
    async destroy() {
      await store.close();
      folder.close();
      rmSync(path, { recursive: true });
    },
  };
});

describe('a commit', () => {
  it('is flushed to the medium: synchronous is FULL (2), and the log is written ahead', (t) => {
    const folder = newFolder(t);
    const database = openDatabase(folder, queueDatabase);
    t.after(() => database.close());
    assert.equal(database.prepare('PRAGMA synchronous').get()?.['synchronous'], 2);
    assert.equal(database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  });
});

describe('a full medium', () => {
  it('rejects each message that finds no room, keeps nothing of it, and goes on working', async (t) => {
    const folder = newFolder(t);
    const store = openHere(folder, { pages: 120 });
    const body = { kind: 'bytes', bytes: new Uint8Array(20_000) } as const;
    const ids = Array.from({ length: 40 }, (_, index) => `m${10 + index}`);
    const results = await Promise.allSettled(ids.map((id) => store.accept(message(id, { body }))));
    const kept = ids.filter((_, index) => results[index]?.status === 'fulfilled');
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    assert.ok(kept.length > 5 && kept.length < 35, `${kept.length} kept`);
    assert.deepEqual(new Set(reasons), new Set(['full']));
    assert.deepEqual(
      (await store.list({ which: 'all', most: 99 })).map(({ id }) => id),
      kept,
    );

    const claims = await store.claim(claimAt(1000));
    assert.equal(await settleAll(store, claims, { kind: 'delivered', at: 1001 }), kept.length);
    await store.accept(message('again', { body }));
    await store.close();
  });

  it('gives the file of a rejected message back', async (t) => {
    const folder = newFolder(t);
    const store = openHere(folder, { pages: 30 });
    const path = join(folder.incoming, 'upload');
    writeFileSync(path, 'large');
    const recipients = to(...Array.from({ length: 2000 }, (_, index) => `someone${index}@one.test`));
    await assert.rejects(store.accept(message('m', { body: { kind: 'file', path }, recipients })), {
      code: 'full',
    });
    assert.deepEqual(readdirSync(folder.incoming), ['upload']);
    assert.deepEqual(readdirSync(folder.bodies), []);
    await store.close();
  });
});

describe('files after a crash', () => {
  it('removes what no message names, and nothing else', async (t) => {
    const folder = newFolder(t);
    const store = openHere(folder);
    const path = join(folder.incoming, 'upload');
    writeFileSync(path, 'large');
    await store.accept(message('named', { body: { kind: 'file', path } }));
    await store.accept(message('inline'));
    await store.close();
    for (const orphan of ['unknown', 'inline']) writeFileSync(join(folder.bodies, orphan), 'left over');
    writeFileSync(join(folder.incoming, 'half'), 'left over');
    await openHere(folder).close();
    assert.deepEqual(readdirSync(folder.bodies), ['named']);
    assert.deepEqual(readdirSync(folder.incoming), []);
  });

  it('fails only the message whose file is missing', async (t) => {
    const folder = newFolder(t);
    const store = openHere(folder);
    const body = { kind: 'file', path: join(folder.incoming, 'missing') } as const;
    const [good, bad] = await Promise.allSettled([
      store.accept(message('good')),
      store.accept(message('bad', { body })),
    ]);
    assert.equal(good.status, 'fulfilled');
    assert.ok(bad.status === 'rejected' && bad.reason.code === 'failed' && /ENOENT/.test(bad.reason.message));
    await store.close();
  });
});

describe('the scale of a large outage', () => {
  it('never walks the recipients of a destination that has as many claims out as it may', async (t) => {
    const folder = newFolder(t);
    const store = openHere(folder);
    const dead = to(...Array.from({ length: 30_000 }, (_, index) => `a${index}@dead.test`));
    await store.accept(message('dead', { recipients: dead }));
    await store.accept(
      message('live', {
        receivedAt: 2000,
        recipients: to(...Array.from({ length: 50 }, (_, index) => `a@live${index}.test`)),
      }),
    );
    const full = { perDestination: 1, recipientsPerClaim: 1, leaseEnds: 9000 };
    await store.claim(claimAt(1000, full));
    const started = performance.now();
    const claims = await store.claim(claimAt(2000, full));
    const elapsedMs = performance.now() - started;
    assert.equal(claims.length, 50);
    // A walk of the 30,000 before each of the 50 takes seconds; stepping over one destination, a few milliseconds.
    assert.ok(elapsedMs < 500, `${elapsedMs} ms`);
    await store.close();
  });
});
