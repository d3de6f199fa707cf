import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { array, assert as forAll, nat, property } from 'fast-check';
import { openCheckState } from '../../../src/store/check-state.ts';
import { StoreError } from '../../../src/store/store-error.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-check-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'state');
}

const run = { terms: '{"depth":"quick"}', output: '{"kind":"stream"}', totals: '{}', offset: 7 };

describe('the state of a check', () => {
  it('is nothing at first, and then what was kept, in one file that only its owner reads', (t) => {
    const file = place(t);
    const first = openCheckState(file);
    assert.equal(first.kept, undefined);
    first.begin(run);
    first.keep({ done: [1, 2, 9_000], totals: '{"n":3}', offset: 30, until: 50 });
    first.close();
    assert.deepEqual(readdirSync(join(file, '..')), ['state']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const { kept, isDone, close } = openCheckState(file);
    assert.deepEqual(kept, { ...run, totals: '{"n":3}', offset: 30, until: 50 });
    assert.deepEqual([0, 1, 2, 3, 8_999, 9_000, 9_001, 1e9].filter(isDone), [1, 2, 9_000]);
    close();
  });

  it('names the file that cannot be opened', (t) => {
    const folder = join(place(t), '..');
    for (const file of [folder, join(folder, 'none', 'state')])
      assert.throws(
        () => openCheckState(file),
        (error) =>
          error instanceof StoreError && error.message.startsWith(`the state ${file} cannot be opened: `),
      );
  });

  it('knows exactly the numbers that were done, in whatever order and steps', (t) => {
    const file = place(t);
    const steps = array(array(nat(40_000), { maxLength: 50 }), { maxLength: 6 });
    forAll(
      property(steps, (lists) => {
        rmSync(file, { force: true });
        const state = openCheckState(file);
        state.begin(run);
        for (const done of lists) state.keep({ done, totals: '{}', offset: 0, until: 0 });
        state.close();
        const { isDone, close } = openCheckState(file);
        const numbers = new Set(lists.flat());
        for (const number of numbers) {
          assert.ok(isDone(number));
          assert.equal(isDone(number + 1), numbers.has(number + 1));
        }
        close();
      }),
      { numRuns: 20 },
    );
  });

  it('is one process’s at a time', (t) => {
    const file = place(t);
    const first = openCheckState(file);
    assert.throws(
      () => openCheckState(file),
      new StoreError('refused', `another waxwing works with the state ${file}`),
    );
    first.close();
    openCheckState(file).close();
  });

  it('is no other file, which is left as it is', (t) => {
    const file = place(t);
    const text = 'example.com\n'.repeat(200);
    writeFileSync(file, text);
    assert.throws(() => openCheckState(file), /is no state of a check/);
    assert.equal(readFileSync(file, 'utf8'), text);
    rmSync(file);
    // As many programs have it: their own tables, a log beside it, and a version of their own.
    const other = new DatabaseSync(file);
    other.exec('PRAGMA journal_mode = WAL; CREATE TABLE mine (id INTEGER); PRAGMA user_version = 1');
    other.close();
    const before = readFileSync(file);
    assert.throws(() => openCheckState(file), /is no state of a check, and is left as it is/);
    assert.deepEqual(readFileSync(file), before);
    assert.deepEqual(readdirSync(join(file, '..')), ['state']);
  });

  it('is none of another version', (t) => {
    const file = place(t);
    openCheckState(file).close();
    const older = new DatabaseSync(file);
    older.exec('CREATE TABLE more (id INTEGER)');
    older.close();
    assert.throws(() => openCheckState(file), /is a state of another version/);
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    assert.throws(() => openCheckState(file), /knows schemas up to 1: run the newer one/);
  });

  it('holds no place before the beginning of the output, and no block that is not whole', (t) => {
    const file = place(t);
    const state = openCheckState(file);
    state.begin(run);
    state.keep({ done: [1], totals: '{}', offset: 7, until: 7 });
    state.close();
    const database = new DatabaseSync(file);
    for (const change of [
      'UPDATE run SET certain = -1',
      'UPDATE run SET until = certain - 1',
      "UPDATE done SET bits = x'ff'",
      'UPDATE done SET block = -1',
    ])
      assert.throws(() => database.exec(change), /CHECK constraint failed/);
    database.close();
  });

  it('cannot be where nothing can be written', (t) => {
    assert.throws(() => openCheckState(join(place(t), 'missing', 'state')), StoreError);
  });
});
