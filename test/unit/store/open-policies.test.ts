import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DataFolder, openDataFolder } from '../../../src/store/data-folder.ts';
import { openPolicies, openPoliciesToRead } from '../../../src/store/open-policies.ts';
import { policyDatabase } from '../../../src/store/policy-migrations.ts';
import { domain, fetched, policyStoreConforms } from '../../store/policy-conformance.ts';

policyStoreConforms('the policy store over SQLite', () => {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-policies-'));
  const folder = openDataFolder(path);
  let store = openPolicies(folder);
  return {
    store,
    reopen() {
      store.close();
      store = openPolicies(folder);
      return store;
    },
    destroy() {
      store.close();
      folder.close();
      rmSync(path, { recursive: true });
    },
  };
});

function newFolder(t: TestContext): DataFolder {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-policies-'));
  const folder = openDataFolder(path);
  t.after(() => {
    folder.close();
    rmSync(path, { recursive: true });
  });
  return folder;
}

describe('openPolicies', () => {
  it('makes a file that only its owner reads, flushed at each commit', (t) => {
    const folder = newFolder(t);
    openPolicies(folder).close();
    const file = join(folder.path, 'data.db');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const database = new DatabaseSync(file);
    t.after(() => database.close());
    assert.equal(database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
    assert.equal(
      database.prepare('PRAGMA user_version').get()?.['user_version'],
      policyDatabase.steps.length,
    );
  });

  it('refuses what a newer waxwing has written, and what somebody has changed', (t) => {
    const folder = newFolder(t);
    openPolicies(folder).close();
    const change = (sql: string): void => {
      const database = new DatabaseSync(join(folder.path, 'data.db'));
      database.exec(sql);
      database.close();
    };
    change('PRAGMA user_version = 1000');
    assert.throws(() => openPolicies(folder), {
      code: 'refused',
      message: new RegExp(
        `^the policy store .*data\\.db has schema 1000, this waxwing knows schemas up to ${policyDatabase.steps.length}: run the newer one$`,
      ),
    });
    change(`PRAGMA user_version = ${policyDatabase.steps.length}; DROP INDEX sts_used`);
    for (const open of [() => openPolicies(folder), () => openPoliciesToRead(folder.path)])
      assert.throws(open, { code: 'refused', message: /its tables are not those of this waxwing/ });
  });

  it('says of a damaged file what to do, and leaves it as it is', (t) => {
    const folder = newFolder(t);
    writeFileSync(join(folder.path, 'data.db'), 'not a database'.repeat(1000));
    for (const open of [() => openPolicies(folder), () => openPoliciesToRead(folder.path)])
      assert.throws(open, { code: 'damaged', message: /policies are fetched anew, and overrides are gone/ });
  });

  it('a call that fails has the one shape of errors', (t) => {
    const folder = newFolder(t);
    const store = openPolicies(folder);
    store.close();
    assert.throws(() => store.sts.get(domain('a.test')), {
      name: 'StoreError',
      code: 'failed',
      message: /^the policy store failed: /,
    });
  });
});

describe('openPoliciesToRead', () => {
  it('gives nothing where nothing was kept, and makes no file', (t) => {
    const folder = newFolder(t);
    assert.equal(openPoliciesToRead(folder.path), undefined);
    assert.equal(openPoliciesToRead(join(folder.path, 'nowhere')), undefined);
    writeFileSync(join(folder.path, 'data.db'), '');
    assert.equal(openPoliciesToRead(folder.path), undefined);
  });

  it('reads beside a process that writes, and sees what it has written', (t) => {
    const folder = newFolder(t);
    const store = openPolicies(folder);
    t.after(() => store.close());
    store.sts.put(fetched('a.test', 1000));
    const reader = openPoliciesToRead(folder.path);
    assert.ok(reader);
    t.after(() => reader.close());
    assert.deepEqual(reader.sts.get(domain('a.test')), fetched('a.test', 1000));
    store.sts.put(fetched('b.test', 1000));
    assert.equal(reader.sts.list({ after: null, limit: 9 }).length, 2);
  });

  it('writes nothing', (t) => {
    const folder = newFolder(t);
    openPolicies(folder).close();
    const reader = openPoliciesToRead(folder.path);
    assert.ok(reader);
    t.after(() => reader.close());
    const put: unknown = Reflect.get(reader.sts, 'put');
    assert.ok(typeof put === 'function');
    assert.throws(() => Reflect.apply(put, undefined, [fetched('a.test', 1000)]), {
      code: 'failed',
      message: /^the policy store failed: .*readonly/,
    });
  });
});

describe('a process that is killed', () => {
  const loop = fileURLToPath(import.meta.resolve('../../store/policy-loop/run.ts'));

  it('has kept every policy that it had put', async (t) => {
    const path = mkdtempSync(join(tmpdir(), 'waxwing-policies-'));
    t.after(() => rmSync(path, { recursive: true }));
    const reported: string[] = [];
    // By what it has said, not by the clock: a busy machine commits less in the same time.
    for (const [round, lines] of [20, 50, 5].entries()) {
      const child = spawn(process.execPath, [loop, path, `r${round}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.split('\n').length > lines) child.kill('SIGKILL');
      });
      await once(child, 'close');
      assert.equal(child.signalCode, 'SIGKILL');
      // The last line may be cut.
      reported.push(...said.split('\n').slice(0, -1));
    }
    assert.ok(reported.length >= 75, `only ${reported.length} were reported`);
    const reader = openPoliciesToRead(path);
    assert.ok(reader, 'it can be read with the log that was left');
    for (const name of reported) assert.ok(reader.sts.get(domain(name))?.known, `${name} is gone`);
    reader.close();
    const folder = openDataFolder(path);
    const store = openPolicies(folder);
    for (const name of reported) assert.ok(store.sts.get(domain(name))?.known, `${name} is gone`);
    store.close();
    folder.close();
  });
});
