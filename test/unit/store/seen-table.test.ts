import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { policyDatabase } from '../../../src/store/policy-migrations.ts';
import { seenTable } from '../../../src/store/seen-table.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';
import { countOf, seenOf } from '../../support/seen.ts';

function tableOf(t: TestContext, mostOfDay?: number): ReturnType<typeof seenTable> {
  const database = new DatabaseSync(':memory:');
  for (const step of policyDatabase.steps) database.exec(step);
  t.after(() => database.close());
  return seenTable(database, mostOfDay);
}

describe('the table of what sessions have shown', () => {
  it('adds up equal ones of a day, and gives all of a domain from a day on', (t) => {
    const table = tableOf(t);
    const clear = seenOf({ tls: 'clear', certificate: null });
    table.add([
      countOf('2026-11-27', seenOf(), 2),
      countOf('2026-11-28', seenOf()),
      countOf('2026-11-28', clear),
    ]);
    table.add([countOf('2026-11-28', seenOf(), 3)]);
    const found = table
      .since('2026-11-28', DOMAIN)
      .map(({ day, seen, sessions }) => [day, seen?.tls, sessions]);
    assert.deepEqual(
      new Set(found),
      new Set([
        ['2026-11-28', 'clear', 1],
        ['2026-11-28', 'done', 4],
      ]),
    );
    assert.deepEqual(table.since('2026-11-01', DOMAIN).map(({ sessions }) => sessions)[0], 2);
    assert.deepEqual(
      table.since('2026-11-28', DOMAIN).find(({ seen }) => seen?.tls === 'clear')?.seen,
      clear,
    );
  });

  it('lists domains page by page, and forgets days', (t) => {
    const table = tableOf(t);
    for (const name of ['a.test', 'b.test', 'c.test']) {
      const domain = nameOf(name);
      table.add([{ day: '2026-11-27', domain, seen: seenOf({ domain }), sessions: 1 }]);
    }
    assert.deepEqual(table.domains('2026-11-01', { after: null, limit: 2 }), ['a.test', 'b.test']);
    assert.deepEqual(table.domains('2026-11-01', { after: nameOf('b.test'), limit: 2 }), ['c.test']);
    assert.deepEqual(table.domains('2026-11-28', { after: null, limit: 2 }), []);
    assert.equal(table.forget('2026-11-28'), 3);
    assert.deepEqual(table.domains('2026-11-01', { after: null, limit: 2 }), []);
  });

  it('a domain has forty different ones a day: the rest is there, and nobody knows what it showed', (t) => {
    const table = tableOf(t);
    for (let n = 0; n < 50; n += 1) {
      const seen = seenOf({ host: nameOf(`mx${n}.example.test`) });
      assert.equal(table.add([countOf('2026-11-28', seen)]).spilled, n < 40 ? 0 : 1);
    }
    const counts = table.since('2026-11-28', DOMAIN);
    assert.equal(counts.length, 41);
    assert.equal(counts.find(({ seen }) => seen === null)?.sessions, 10);
    // What has its row goes on being counted.
    assert.equal(table.add([countOf('2026-11-28', seenOf({ host: nameOf('mx0.example.test') }))]).spilled, 0);
  });

  it('a day has room for so much: of the domains behind that it is known that there was more', (t) => {
    const table = tableOf(t, 10);
    for (let n = 0; n < 20; n += 1) {
      const domain = nameOf(`d${n}.test`);
      table.add([{ day: '2026-11-28', domain, seen: seenOf({ domain }), sessions: 1 }]);
    }
    const kept = (n: number) =>
      table.since('2026-11-28', nameOf(`d${n}.test`)).map(({ seen }) => seen !== null);
    assert.deepEqual([kept(0), kept(9), kept(10), kept(19)], [[true], [true], [false], [false]]);
  });

  it('and for so many domains of which no more is known; behind that it is known of the day alone', (t) => {
    const table = tableOf(t, 2);
    const at = (day: string, n: number) => {
      const domain = nameOf(`d${n}.test`);
      table.add([{ day, domain, seen: seenOf({ domain }), sessions: 1 }]);
    };
    at('2026-11-27', 30);
    for (let n = 0; n < 40; n += 1) at('2026-11-28', n);
    const rows = table.domains('2026-11-28', { after: null, limit: 100 }).length;
    assert.equal(rows, 10);
    const kept = (n: number) =>
      table.since('2026-11-01', nameOf(`d${n}.test`)).map(({ day, seen }) => [day, seen !== null]);
    assert.deepEqual(kept(0), [['2026-11-28', true]]);
    assert.deepEqual(kept(9), [['2026-11-28', false]]);
    assert.deepEqual(kept(30), [
      ['2026-11-27', true],
      ['2026-11-28', false],
    ]);
    // Of a domain that has a row everything is known to be one of its own, or that there was more.
    const domain = nameOf('d0.test');
    table.add([{ day: '2026-11-28', domain, seen: seenOf({ domain, tls: 'clear' }), sessions: 5 }]);
    assert.deepEqual(
      new Set(kept(0)),
      new Set([
        ['2026-11-28', false],
        ['2026-11-28', true],
      ]),
    );
    assert.equal(table.forget('2026-11-29'), 13);
  });
});
