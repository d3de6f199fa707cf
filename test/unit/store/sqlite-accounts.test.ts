import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { MOST_ROWS } from '../../../src/store/account-rows.ts';
import { sqliteAccounts } from '../../../src/store/sqlite-accounts.ts';
import { StoreError } from '../../../src/store/store-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-accounts-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const query = 'SELECT hash AS password_hash, active FROM users WHERE name = $1';

function databaseWith(name: string, ...users: readonly string[]): { path: string; database: DatabaseSync } {
  const path = join(folder, name);
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE users (name TEXT, hash TEXT, active INTEGER)');
  for (const user of users)
    database.prepare('INSERT INTO users VALUES (?, ?, 1)').run(user, `hash of ${user}`);
  return { path, database };
}
const rows = (path: string, user: string, ms = 1_000, text = query) =>
  sqliteAccounts({ path, query: text }).find(user, AbortSignal.timeout(ms));

describe('accounts in SQLite', () => {
  it('are found by a parameter, whatever the name holds', async () => {
    const odd = "'; DROP TABLE users; --";
    const { path } = databaseWith('odd', 'anna', odd);
    for (const user of ['anna', odd])
      assert.deepEqual(
        (await rows(path, user)).map((row) => ({ ...row })),
        [{ password_hash: `hash of ${user}`, active: 1 }],
      );
    assert.deepEqual(await rows(path, 'eve'), []);
  });

  it('are at most two rows, however many there are', async () => {
    const { path } = databaseWith('many', ...Array.from({ length: 50 }, () => 'anna'));
    assert.equal((await rows(path, 'anna')).length, MOST_ROWS);
  });

  it('are never written, whatever the query says', async () => {
    const { path, database } = databaseWith('written', 'anna');
    await assert.rejects(rows(path, 'anna', 1_000, 'DELETE FROM users WHERE name = $1'), StoreError);
    assert.equal(database.prepare('SELECT count(*) AS n FROM users').get()?.['n'], 1);
  });

  it('are asked for in the file that is there by now', async () => {
    const { path } = databaseWith('replaced', 'anna');
    const accounts = sqliteAccounts({ path, query });
    assert.equal((await accounts.find('bert', AbortSignal.timeout(1_000))).length, 0);
    renameSync(databaseWith('next', 'bert').path, path);
    assert.equal((await accounts.find('bert', AbortSignal.timeout(1_000))).length, 1);
  });

  it('wait for whoever writes the file, and not for ever', async () => {
    const { path, database } = databaseWith('busy', 'anna');
    database.exec('BEGIN EXCLUSIVE');
    await assert.rejects(rows(path, 'anna', 50), /is held by somebody who writes it/);
    const waiting = rows(path, 'anna');
    setTimeout(() => database.exec('COMMIT'), 60);
    assert.equal((await waiting).length, 1);
  });

  it('are unknown where there is no file, or it is no database', async () => {
    await assert.rejects(rows(join(folder, 'absent'), 'anna'), StoreError);
    await assert.rejects(rows(import.meta.filename, 'anna'), StoreError);
  });
});
