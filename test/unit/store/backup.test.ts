import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { furtherQueuesIn, restoreQueue } from '../../../src/store/backup.ts';
import { checkQueue } from '../../../src/store/check.ts';
import { type DataFolder, openDataFolder, openQueueFolder } from '../../../src/store/data-folder.ts';
import { openOutbox } from '../../../src/store/open-outbox.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import type { QueueStore } from '../../../src/store/queue-store.ts';
import { claimAt, message, settleAll, summary } from '../../store/samples.ts';

/** A backup of a queue alone. */
const alone = { policies: false, webhooks: null };

interface Place {
  readonly path: string;
  readonly folder: DataFolder;
  readonly store: QueueStore;
}

function newParent(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-backup-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

async function open(t: TestContext, path: string): Promise<Place> {
  const folder = openDataFolder(path);
  const store = await openQueue(folder);
  t.after(async () => {
    await store.close();
    folder.close();
  });
  return { path, folder, store };
}

async function acceptFile(place: Place, id: string, content: string): Promise<void> {
  const path = join(place.folder.incoming, id);
  writeFileSync(path, content);
  await place.store.accept(message(id, { body: { kind: 'file', path } }));
}

describe('a backup', () => {
  it('holds everything, also large content, and becomes a queue that goes on from there', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    await place.store.accept(message('inline'));
    await acceptFile(place, 'large', 'large content');
    await place.store.accept(message('done'));
    const claims = await place.store.claim(claimAt(1000));
    const done = claims.filter(({ message: { id } }) => id === 'done');
    await settleAll(place.store, done, { kind: 'delivered', at: 1001 });
    await place.store.pause({ destination: 'two.test', until: null });
    const backup = join(parent, 'backup');
    assert.deepEqual(await place.store.backup(backup), { messages: 3, open: 2, files: 1, ...alone });
    // What happens afterwards is not in it.
    const others = claims.filter(({ message: { id } }) => id !== 'done');
    await settleAll(place.store, others, { kind: 'delivered', at: 1002 });
    assert.deepEqual(readdirSync(place.folder.bodies), []);

    const target = openDataFolder(join(parent, 'new'));
    assert.deepEqual(restoreQueue(backup, target), { messages: 3, open: 2, files: 1, ...alone });
    const store = await openQueue(target);
    assert.deepEqual(summary(await store.claim(claimAt(5000))), ['inline: a@one.test', 'large: a@one.test']);
    const body = await store.body('large');
    assert.equal(body?.kind === 'file' ? readFileSync(body.path, 'utf8') : undefined, 'large content');
    assert.deepEqual(await store.pauses(0), [{ destination: 'two.test', until: null }]);
    await store.close();
    target.close();
  });

  it('is whole while mail comes and goes', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    const bytes = new Uint8Array(4096).fill(97);
    const first = Array.from({ length: 2000 }, (_, index) => `a${index}`);
    await Promise.all(first.map((id) => place.store.accept(message(id, { body: { kind: 'bytes', bytes } }))));
    let running = true;
    let count = 0;
    const work = (async () => {
      while (running) {
        count += 1;
        await acceptFile(place, `f${count}`, `content of f${count}`);
        const claims = await place.store.claim(claimAt(1000, { most: 3 }));
        await settleAll(place.store, claims, { kind: 'delivered', at: 1001 });
      }
    })();
    const making = place.store.backup(join(parent, 'backup')).finally(() => {
      running = false;
    });
    const [kept] = await Promise.all([making, work]);
    assert.ok(count > 1 && kept.open > 100, `${count} while it was made, ${kept.open} open in it`);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    assert.deepEqual(restoreQueue(join(parent, 'backup'), target), kept);
    assert.deepEqual(checkQueue(target.path), { findings: [], messages: kept.messages, open: kept.open });
    for (const id of readdirSync(target.bodies)) {
      assert.equal(readFileSync(join(target.bodies, id), 'utf8'), `content of ${id}`);
    }
    await place.store.claim(claimAt(1000, { most: 1 }));
    assert.deepEqual(
      (await place.store.list({ which: 'open', most: 9999 }))
        .filter(({ id }) => id.startsWith('f'))
        .map(({ id }) => id),
      readdirSync(place.folder.bodies).toSorted(),
      'no file is left behind',
    );
  });

  it('takes a new folder, and one at a time', async (t) => {
    const parent = newParent(t);
    const { store } = await open(t, join(parent, 'data'));
    const path = join(parent, 'backup');
    const both = await Promise.allSettled([store.backup(path), store.backup(join(parent, 'other'))]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    await assert.rejects(store.backup(path), { code: 'refused', message: /exists already/ });
    await assert.rejects(store.backup('relative'), { code: 'refused' });
    await assert.rejects(store.backup('/proc/nowhere/backup'), { code: 'failed' });
    await store.backup(join(parent, 'again'));
  });
});

describe('policies and overrides', () => {
  const override = {
    domain: '*',
    level: 'may',
    until: null,
    reason: 'their certificate',
    setAt: 1000,
  } as const;

  async function backedUp(t: TestContext): Promise<{ readonly parent: string; readonly backup: string }> {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    const policies = openPolicies(place.folder);
    t.after(() => policies.close());
    policies.overrides.put(override);
    await place.store.accept(message('inline'));
    const backup = join(parent, 'backup');
    const made = await place.store.backup(backup);
    assert.deepEqual(made, { messages: 1, open: 1, files: 0, policies: true, webhooks: null });
    return { parent, backup };
  }

  it('are in it while they are in use, and come back with it', async (t) => {
    const { parent, backup } = await backedUp(t);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    assert.equal(restoreQueue(backup, target).policies, true);
    assert.equal(statSync(join(target.path, 'data.db')).mode & 0o777, 0o600);
    const policies = openPolicies(target);
    assert.deepEqual({ ...policies.overrides.list()[0] }, override);
    policies.close();
  });

  it('a backup that an older Waxwing made, without them, is restored as it was', async (t) => {
    const { parent, backup } = await backedUp(t);
    rmSync(join(backup, 'data.db'));
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    const policies = openPolicies(target);
    policies.overrides.put({ ...override, reason: 'another' });
    policies.close();
    assert.equal(restoreQueue(backup, target).policies, false);
    const kept = openPolicies(target);
    assert.equal(kept.overrides.list()[0]?.reason, 'another');
    kept.close();
  });

  it('never take the place of others; an empty store is none', async (t) => {
    const { parent, backup } = await backedUp(t);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    const policies = openPolicies(target);
    policies.overrides.put({ ...override, reason: 'another' });
    assert.throws(() => restoreQueue(backup, target), {
      code: 'refused',
      message: /data\.db holds policies/,
    });
    assert.equal(existsSync(join(target.path, 'queue.db')), false);
    policies.overrides.remove(override.domain);
    policies.close();
    restoreQueue(backup, target);
    const kept = openPolicies(target);
    assert.deepEqual({ ...kept.overrides.list()[0] }, override);
    kept.close();
  });

  it('that are damaged, or of a newer Waxwing, are not restored, nor is the queue', async (t) => {
    const { parent, backup } = await backedUp(t);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    const newer = new DatabaseSync(join(backup, 'data.db'));
    newer.exec('PRAGMA user_version = 9999');
    newer.close();
    assert.throws(() => restoreQueue(backup, target), {
      code: 'refused',
      message: /data\.db has schema 9999/,
    });
    writeFileSync(join(backup, 'data.db'), 'not a database, but long enough to be read as one'.repeat(9));
    assert.throws(() => restoreQueue(backup, target), { code: 'damaged', message: /data\.db/ });
    assert.deepEqual(
      readdirSync(target.path).filter((name) => name.includes('queue') || name.includes('data')),
      [],
    );
  });
});

describe('what waits for webhooks', () => {
  const batch = { webhook: 'shop', events: 1, at: 1000, mostOctets: 1_000_000 };

  async function backedUp(t: TestContext): Promise<{ readonly parent: string; readonly backup: string }> {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    const outbox = await openOutbox(place.folder);
    t.after(() => outbox.close());
    await outbox.add([
      { ...batch, id: 'first', body: '[1]' },
      { ...batch, id: 'second', body: '[2]' },
    ]);
    const backup = join(parent, 'backup');
    assert.deepEqual(await place.store.backup(backup), {
      messages: 0,
      open: 0,
      files: 0,
      policies: false,
      webhooks: 2,
    });
    // What happens afterwards is not in it.
    await outbox.done(1);
    return { parent, backup };
  }

  it('is in it while it is being sent, and is sent after a restore under its old id', async (t) => {
    const { parent, backup } = await backedUp(t);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    assert.equal(restoreQueue(backup, target).webhooks, 2);
    assert.equal(statSync(join(target.path, 'webhooks.db')).mode & 0o777, 0o600);
    const outbox = await openOutbox(target);
    const head = await outbox.head('shop');
    assert.deepEqual([head?.id, head?.body], ['first', '[1]']);
    await outbox.close();
  });

  it('never takes the place of what waits already; an empty outbox is none', async (t) => {
    const { parent, backup } = await backedUp(t);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    await (await openOutbox(target)).close();
    const filled = openDataFolder(join(parent, 'filled'));
    t.after(() => filled.close());
    const outbox = await openOutbox(filled);
    await outbox.add([{ ...batch, id: 'another', body: '[3]' }]);
    await outbox.close();
    assert.throws(() => restoreQueue(backup, filled), {
      code: 'refused',
      message: /webhooks\.db holds what is known of webhooks/,
    });
    assert.equal(existsSync(join(filled.path, 'queue.db')), false);
    assert.equal(restoreQueue(backup, target).webhooks, 2);
  });

  it('that is damaged is not restored, nor is the queue; without it the queue is', async (t) => {
    const { parent, backup } = await backedUp(t);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    writeFileSync(join(backup, 'webhooks.db'), 'not a database, but long enough to be read as one'.repeat(9));
    assert.throws(() => restoreQueue(backup, target), { code: 'damaged', message: /webhooks\.db/ });
    assert.equal(existsSync(join(target.path, 'queue.db')), false);
    rmSync(join(backup, 'webhooks.db'));
    assert.equal(restoreQueue(backup, target).webhooks, null);
  });
});

describe('a backup of another queue than the first', () => {
  it('has that queue alone, and becomes the same queue of another folder', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    openPolicies(place.folder).close();
    const second = openQueueFolder(place.path, 2);
    const store = await openQueue(second);
    t.after(async () => {
      await store.close();
      second.close();
    });
    await place.store.accept(message('first'));
    await store.accept(message('second'));
    await acceptFile({ path: place.path, folder: second, store }, 'large', 'large content');
    await place.store.backup(join(parent, 'backup'));
    const backup = join(parent, 'backup', 'queue-2');
    assert.deepEqual(await store.backup(backup), { messages: 2, open: 2, files: 1, ...alone });
    assert.deepEqual(furtherQueuesIn(join(parent, 'backup')), [2]);
    const target = openQueueFolder(newParent(t), 2);
    t.after(() => target.close());
    restoreQueue(backup, target);
    const restored = await openQueue(target);
    t.after(() => restored.close());
    assert.deepEqual(
      (await restored.list({ which: 'all', most: 9 })).map(({ id }) => id),
      ['large', 'second'],
    );
    assert.equal((await restored.body('large'))?.kind, 'file');
    assert.ok(!existsSync(join(target.path, 'queue.db')));
    assert.throws(() => restoreQueue(backup, second), { code: 'refused', message: /holds 2 messages/ });
  });
});

describe('a restore', () => {
  it('refuses a folder that has mail, and leaves it as it is', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    await place.store.accept(message('precious'));
    await place.store.backup(join(parent, 'backup'));
    await place.store.accept(message('newer'));
    await place.store.close();
    assert.throws(() => restoreQueue(join(parent, 'backup'), place.folder), {
      code: 'refused',
      message: /holds 2 messages/,
    });
    const store = await openQueue(place.folder);
    assert.equal((await store.list({ which: 'all', most: 9 })).length, 2);
    await store.close();
  });

  it('refuses the log of a queue that was taken away: it would be written into the restored one', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    await place.store.backup(join(parent, 'backup'));
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    writeFileSync(join(target.path, 'queue.db-wal'), 'a log');
    assert.throws(() => restoreQueue(join(parent, 'backup'), target), {
      code: 'refused',
      message: /queue\.db-wal belongs to a database that is not there any more/,
    });
    assert.equal(existsSync(join(target.path, 'queue.db')), false);
    rmSync(join(target.path, 'queue.db-wal'));
    restoreQueue(join(parent, 'backup'), target);
    for (const made of [join(parent, 'backup', 'queue.db'), join(target.path, 'queue.db')])
      assert.equal(statSync(made).mode & 0o777, 0o600, made);
  });

  it('refuses what is no backup, or not a whole one, and writes nothing', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    await acceptFile(place, 'large', 'large content');
    const backup = join(parent, 'backup');
    await place.store.backup(backup);
    const target = openDataFolder(join(parent, 'new'));
    t.after(() => target.close());
    assert.throws(() => restoreQueue(join(parent, 'nothing'), target), {
      code: 'refused',
      message: /no queue.db/,
    });
    rmSync(join(backup, 'bodies', 'large'));
    assert.throws(() => restoreQueue(backup, target), {
      code: 'damaged',
      message: /lacks the content of large/,
    });
    writeFileSync(
      join(backup, 'queue.db'),
      'not a database, but long enough to be read as the header of one'.repeat(9),
    );
    assert.throws(() => restoreQueue(backup, target), { code: 'damaged' });
    assert.equal(existsSync(join(target.path, 'queue.db')), false);
    assert.deepEqual(readdirSync(target.bodies), []);
  });
});

describe('a check', () => {
  it('is done beside a working queue, and finds content that is missing', async (t) => {
    const parent = newParent(t);
    const place = await open(t, join(parent, 'data'));
    await acceptFile(place, 'large', 'large content');
    await place.store.accept(message('small'));
    assert.deepEqual(checkQueue(place.path), { findings: [], messages: 2, open: 2 });
    rmSync(join(place.folder.bodies, 'large'));
    assert.deepEqual(checkQueue(place.path).findings, [
      'the content of message large is missing: bodies/large',
    ]);
    assert.deepEqual(checkQueue(parent).findings, [`${join(parent, 'queue.db')} is missing`]);
  });
});

describe('a damaged queue', () => {
  async function damagedQueue(t: TestContext, damage: (file: string) => void): Promise<DataFolder> {
    const parent = newParent(t);
    const folder = openDataFolder(join(parent, 'data'));
    t.after(() => folder.close());
    const store = await openQueue(folder);
    await Promise.all(Array.from({ length: 500 }, (_, index) => store.accept(message(`m${index}`))));
    await store.close();
    damage(join(folder.path, 'queue.db'));
    return folder;
  }

  for (const [what, damage] of [
    ['a header that was overwritten', (bytes: Buffer) => bytes.fill(0x55, 0, 100)],
    ['a schema that was overwritten', (bytes: Buffer) => bytes.fill(0x55, 100, 4096)],
  ] as const) {
    it(`${what}: refuses to start, names the file and the ways out, and changes nothing`, async (t) => {
      const folder = await damagedQueue(t, (file) => {
        const bytes = readFileSync(file);
        damage(bytes);
        writeFileSync(file, bytes);
      });
      const file = join(folder.path, 'queue.db');
      const before = readFileSync(file);
      await assert.rejects(openQueue(folder), (error: Error & { code: string }) => {
        assert.equal(error.code, 'damaged');
        assert.ok(error.message.includes(file), error.message);
        assert.match(error.message, /queue check.*queue restore/);
        return true;
      });
      assert.deepEqual(readFileSync(file), before);
      assert.ok(checkQueue(folder.path).findings.length > 0);
    });
  }

  it('a torn page beside a log that was left: refuses to start, and leaves both', async (t) => {
    const folder = await damagedQueue(t, (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0x55, 5 * 4096, 9 * 4096);
      writeFileSync(file, bytes);
      // Another connection that is killed leaves its log: what it wrote last.
      const other = new DatabaseSync(file);
      other.exec('PRAGMA wal_autocheckpoint = 0; UPDATE starts SET number = number + 1');
      for (const suffix of ['', '-wal'])
        writeFileSync(`${file}${suffix}.kept`, readFileSync(`${file}${suffix}`));
      other.close();
      for (const suffix of ['', '-wal'])
        writeFileSync(`${file}${suffix}`, readFileSync(`${file}${suffix}.kept`));
    });
    const file = join(folder.path, 'queue.db');
    const before = [file, `${file}-wal`].map((path) => readFileSync(path));
    await assert.rejects(openQueue(folder), { code: 'damaged' });
    assert.deepEqual(
      [file, `${file}-wal`].map((path) => readFileSync(path)),
      before,
    );
  });

  it('tables that are not ours: refuses to start', async (t) => {
    const folder = await damagedQueue(t, (file) => {
      const other = new DatabaseSync(file);
      other.exec('ALTER TABLE recipients ADD COLUMN more TEXT');
      other.close();
    });
    await assert.rejects(openQueue(folder), {
      code: 'refused',
      message: /tables are not those of this waxwing/,
    });
  });
});
