import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { migrations, queueDatabase } from '../../../src/store/migrations.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { claimAt, summary } from '../../store/samples.ts';

/** Of each released step. A line is added with a release and never changed. */
const released = [
  '9f9139f4e01e8b55c8859d479d14c7ba95a771f9a6e8dab37660838554010178',
  'a2b74a15435f0e0366725672231118dcea745c4fc1248e184296120b3992fdf9',
  'a29418a784532bc379c5faec2172fa7ce29bd9e23f222391f3e42408ab79dd83',
  '1fdd3781c4e197be77bb66f773a98fb6d848b4ac425fea6653071ef4e3a79a8d',
  'fcf3ba7fb7490ac29c7094398b33bcdc89d90b49a1c28767af526598e1db5f34',
  '6ba256c716be56e35967249d2a2496f8e95c4696821516a6c601c36dc7c2353e',
  '680959a5699264d496370fd010ed17d365a96ecd974fdc5ea78948c0b549dd3b',
  '1510ab65f284913cce2fa853853bd4850db1059d99dfa2d02a6e49fe210115bc',
];

const fixture = (version: number): URL =>
  new URL(`../../fixtures/store/queue-v${version}.sql`, import.meta.url);

describe('the migrations', () => {
  it('have not changed since they were released', () => {
    const digests = migrations.map((sql) => createHash('sha256').update(sql).digest('hex'));
    assert.deepEqual(digests, released);
  });

  it('bring an empty database to the newest version, and then have nothing to do', () => {
    const database = new DatabaseSync(':memory:');
    migrate(database, queueDatabase);
    migrate(database, queueDatabase);
    const version = database.prepare('PRAGMA user_version').get();
    assert.equal(version?.['user_version'], migrations.length);
    database.close();
  });

  it('refuse a database that a newer waxwing has written, and leave it alone', () => {
    const database = new DatabaseSync(':memory:');
    database.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    assert.throws(() => migrate(database, queueDatabase), {
      code: 'refused',
      message: `the queue in memory has schema ${migrations.length + 1}, this waxwing knows schemas up to ${migrations.length}: run the newer one`,
    });
    assert.deepEqual(database.prepare('SELECT name FROM sqlite_schema').all(), []);
    database.close();
  });

  it('leave to another process what that has done in between', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-migrations-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'queue.db');
    const [database, other] = [new DatabaseSync(file), new DatabaseSync(file)];
    const exec = database.exec.bind(database);
    let isFirst = true;
    database.exec = (sql) => {
      if (isFirst) migrate(other, queueDatabase);
      isFirst = false;
      exec(sql);
    };
    migrate(database, queueDatabase);
    assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], migrations.length);
    for (const one of [database, other]) one.close();
  });

  it('take all missing steps or none', () => {
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE transcripts (taken TEXT)');
    assert.throws(() => migrate(database, queueDatabase), /transcripts already exists/);
    assert.equal(database.isTransaction, false);
    const tables = database.prepare('SELECT name FROM sqlite_schema').all();
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['transcripts'],
    );
    database.close();
  });
});

describe('a queue that schema 1 has left', () => {
  it('opens with every message, and is delivered from where it was', async () => {
    const path = mkdtempSync(join(tmpdir(), 'waxwing-store-'));
    const folder = openDataFolder(path);
    const database = new DatabaseSync(join(path, 'queue.db'));
    database.exec(readFileSync(fixture(1), 'utf8'));
    database.close();
    writeFileSync(join(folder.bodies, 'file'), 'large');

    const store = await openQueue(folder);
    const listed = await store.list({ which: 'all', most: 99 });
    assert.deepEqual(
      listed.map(({ id, recipients }) => [id, ...recipients.map(({ delivery }) => delivery)]),
      [
        ['attempting', { kind: 'waiting', attempts: 0, notBefore: 1100 }],
        ['both', { kind: 'delivered', at: 1500 }, { kind: 'held', by: 'tls', attempts: 1, notBefore: 3000 }],
        ['file', { kind: 'waiting', attempts: 0, notBefore: 1000 }],
        ['final', { kind: 'cancelled', at: 1700 }],
        ['paused', { kind: 'held', by: 'operator', attempts: 0, notBefore: 1000 }],
      ],
    );
    assert.deepEqual(await store.body('file'), { kind: 'file', path: join(folder.bodies, 'file') });
    assert.equal((await store.body('final')) ?? 'gone', 'gone');
    assert.deepEqual(
      (await store.show('final'))?.events.map(({ event }) => event),
      ['cancelled'],
    );
    const trail = await store.show('both');
    assert.deepEqual(
      trail?.events.map(({ event }) => event),
      ['received', 'blocked'],
    );
    assert.deepEqual(trail.transcripts, [
      { address: 'held@three.test', at: 1000, lines: ['S: 220 mx.three.test', 'C: EHLO relay.example.test'] },
    ]);

    const claims = await store.claim(claimAt(5000));
    assert.deepEqual(summary(claims), [
      'file: a@four.test',
      'attempting: a@one.test',
      'both: held@three.test',
    ]);
    const [, , both] = claims;
    assert.equal(both?.message.warnedAt, 1600);
    assert.equal(both.message.properties.needsUtf8, true);
    assert.deepEqual(both.message.wishes, { ret: 'headers', envelopeId: 'QQ+2B1' });
    assert.equal(both.recipients[0]?.blockedBecause, 'no STARTTLS');
    const wishes = { notify: ['failure', 'delay'], originalRecipient: 'rfc822;held@three.test' };
    assert.deepEqual(both.recipients[0].wishes, wishes);
    assert.ok(
      claims.every(({ fence }) => fence > 2 ** 33),
      'the second start counts from there',
    );
    assert.deepEqual(await store.pauses(5000), [{ destination: 'seven.test', until: null }]);
    await store.close();
    folder.close();
    rmSync(path, { recursive: true });
  });
});
