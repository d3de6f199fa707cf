import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { afterNote, keysOf, type SessionNote } from '../../../src/policies/memory/track.ts';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { memoryTable } from '../../../src/store/memory-table.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { openResults } from '../../../src/store/open-results.ts';
import { policyDatabase } from '../../../src/store/policy-migrations.ts';
import type { MemoryRules } from '../../../src/store/result-store.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';
import { DAY, LAST, MX1, noteOf, settings } from '../../support/tracks.ts';

const rules: MemoryRules = {
  ...settings,
  keysOf,
  after: (before, key, note) => afterNote(before, key, note, settings).track,
};

function tableOf(t: TestContext, most?: Parameters<typeof memoryTable>[1]): ReturnType<typeof memoryTable> {
  const database = new DatabaseSync(':memory:');
  for (const step of policyDatabase.steps) database.exec(step);
  t.after(() => database.close());
  return memoryTable(database, most);
}

const weeks = (change: Partial<SessionNote> = {}): SessionNote[] =>
  Array.from({ length: 10 }, (_, day) => noteOf('authenticate', LAST - (9 - day) * DAY, change));

/** `* encrypt 3, mx1.example.test encrypt 3` */
function shown(table: ReturnType<typeof memoryTable>, domain = DOMAIN): string[] {
  return table.of(domain).map(({ host, level, sessions }) => `${host ?? '*'} ${level} ${sessions}`);
}

describe('the table of what sessions have reached', () => {
  it('gives back what was put on record, over a restart, to whoever decides by it', (t) => {
    const path = mkdtempSync(join(tmpdir(), 'waxwing-memory-'));
    const folder = openDataFolder(path);
    const policies = openPolicies(folder);
    const results = openResults(folder);
    t.after(() => {
      policies.close();
      folder.close();
      rmSync(path, { recursive: true });
    });
    results.memory.add([...weeks({ spki: 'ab'.repeat(32) }), noteOf('clear', LAST + 1)], rules);
    results.close();
    const tracks = policies.memory.of(DOMAIN);
    assert.deepEqual(
      tracks.map(({ host, level }) => `${host ?? '*'} ${level}`),
      ['* authenticate', '* encrypt', `${MX1} authenticate`, `${MX1} encrypt`],
    );
    const [, , proved] = tracks;
    assert.equal(proved?.days.length, 10);
    assert.deepEqual(
      { ...proved, days: [] },
      {
        domain: DOMAIN,
        host: MX1,
        level: 'authenticate',
        since: LAST - 9 * DAY,
        sessions: 10,
        lastAt: LAST,
        proof: 'name',
        spki: 'ab'.repeat(32),
        against: { since: LAST + 1, lastAt: LAST + 1, days: 1, sessions: 1 },
        days: [],
      },
    );
    assert.equal(policies.memory.purge(DOMAIN), 4);
    assert.deepEqual(policies.memory.of(DOMAIN), []);
    assert.equal(policies.memory.purge(DOMAIN), 0);
  });

  it('adds up what several processes have seen', (t) => {
    const path = mkdtempSync(join(tmpdir(), 'waxwing-memory-'));
    const folder = openDataFolder(path);
    const [one, other] = [openResults(folder), openResults(folder)];
    t.after(() => {
      one.close();
      other.close();
      folder.close();
      rmSync(path, { recursive: true });
    });
    one.memory.add([noteOf('encrypt', LAST, { sessions: 2 })], rules);
    other.memory.add([noteOf('encrypt', LAST + 1, { sessions: 3 })], rules);
    one.memory.add([noteOf('encrypt', LAST + 2)], rules);
    const policies = openPolicies(folder);
    assert.deepEqual(
      policies.memory.of(DOMAIN).map(({ sessions }) => sessions),
      [6, 6],
    );
    policies.close();
  });

  it('a commit that fails has changed nothing', (t) => {
    const table = tableOf(t);
    table.add([noteOf('encrypt', LAST)], rules);
    const failing: MemoryRules = {
      ...rules,
      after(before, key, note) {
        if (note.at > LAST) throw new Error('of the test');
        return rules.after(before, key, note);
      },
    };
    assert.throws(
      () => table.add([noteOf('encrypt', LAST), noteOf('encrypt', LAST + 1)], failing),
      /of the test/,
    );
    assert.deepEqual(shown(table), ['* encrypt 1', `${MX1} encrypt 1`]);
  });

  it('forgets what was not used, and nothing of what was', (t) => {
    const table = tableOf(t);
    table.add([noteOf('encrypt', LAST - DAY, { host: nameOf('old.test') }), noteOf('encrypt', LAST)], rules);
    assert.equal(table.forget(LAST), 1);
    assert.deepEqual(shown(table), ['* encrypt 2', `${MX1} encrypt 1`]);
  });
});

describe('where there is no room', () => {
  it('a domain has twenty hosts: whoever forges MX records pushes out young ones only', (t) => {
    const table = tableOf(t);
    table.add(weeks(), rules);
    for (let n = 0; n < 100; n += 1)
      table.add([noteOf('encrypt', LAST + n, { host: nameOf(`forged${n}.test`) })], rules);
    const hosts = new Set(table.of(DOMAIN).flatMap(({ host }) => host ?? []));
    assert.equal(hosts.size, 20);
    assert.ok(hosts.has(MX1));
    assert.ok(hosts.has(nameOf('forged99.test')));
    assert.ok(!hosts.has(nameOf('forged0.test')));
  });

  it('and where none of them is young, the new one is not remembered', (t) => {
    const table = tableOf(t);
    for (let n = 0; n < 20; n += 1) table.add(weeks({ host: nameOf(`mx${n}.test`) }), rules);
    table.add([noteOf('encrypt', LAST + 1, { host: nameOf('one-more.test') })], rules);
    const hosts = new Set(table.of(DOMAIN).flatMap(({ host }) => host ?? []));
    assert.equal(hosts.size, 20);
    assert.ok(!hosts.has(nameOf('one-more.test')));
  });

  it('young tracks go before those that expect something, of these the oldest first', (t) => {
    const table = tableOf(t, { tracks: 8, uncounted: 1 });
    const [first, second] = [nameOf('first.test'), nameOf('second.test')];
    table.add(weeks({ domain: first }), rules);
    for (let n = 0; n < 50; n += 1)
      table.add([noteOf('encrypt', LAST + n + 1, { domain: nameOf(`d${n}.test`), host: null })], rules);
    assert.equal(table.of(first).length, 4);
    assert.equal(table.of(nameOf('d49.test')).length, 1);
    assert.equal(table.of(nameOf('d0.test')).length, 0);
    table.add(
      weeks({ domain: second }).map((note) => ({ ...note, at: note.at + 1 })),
      rules,
    );
    table.add(
      weeks({ domain: DOMAIN }).map((note) => ({ ...note, at: note.at + 2 })),
      rules,
    );
    assert.deepEqual(
      [first, second, DOMAIN].map((domain) => table.of(domain).length),
      [0, 4, 4],
    );
  });
});
