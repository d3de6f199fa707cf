import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { memoryStore } from '../../../src/lookup/memory-store.ts';
import type { StsEntry } from '../../../src/policies/mta-sts/cache.ts';
import { nameOf } from '../../support/destinations.ts';

const DAY = 86_400_000;

function entry(name: string, change: Partial<StsEntry> = {}): StsEntry {
  return {
    domain: nameOf(`${name}.test`),
    known: null,
    failures: null,
    attemptedAt: DAY,
    refreshAt: 2 * DAY,
    usedAt: DAY,
    clock: DAY,
    ...change,
  };
}

function withPolicy(name: string, octets: number, expiresAt = 9 * DAY): StsEntry {
  const policy = {
    mode: 'enforce',
    mx: [],
    maxAgeSeconds: 1,
    lines: ['x'.repeat(octets)],
    warnings: [],
  } as const;
  return entry(name, { known: { id: '1', policy, fetchedAt: DAY, expiresAt } });
}

const roomy = { policies: 10, octets: 1 << 20 };

describe('policies in the memory of one process', () => {
  it('are kept one for each domain, and removed', () => {
    const { sts, overrides } = memoryStore(roomy);
    const domain = nameOf('a.test');
    assert.equal(sts.get(domain), undefined);
    sts.put(entry('a'));
    sts.put(entry('a', { usedAt: 2 * DAY }));
    assert.equal(sts.get(domain)?.usedAt, 2 * DAY);
    assert.equal(sts.remove(domain), true);
    assert.equal(sts.remove(domain), false);
    assert.deepEqual(overrides.about(domain), []);
  });

  it('what was not used for longest makes room', () => {
    const { sts } = memoryStore({ ...roomy, policies: 2 });
    for (const name of ['a', 'b']) sts.put(entry(name));
    sts.get(nameOf('a.test'));
    sts.put(entry('c'));
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => sts.get(nameOf(`${name}.test`)) !== undefined),
      [true, false, true],
    );
  });

  it('large policies count for what they take; one that is larger than all is not kept', () => {
    const { sts } = memoryStore({ policies: 100, octets: 100_000 });
    for (const name of ['a', 'b', 'c']) sts.put(withPolicy(name, 10_000));
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => sts.get(nameOf(`${name}.test`)) !== undefined),
      [false, true, true],
    );
    sts.put(withPolicy('d', 60_000));
    assert.equal(sts.get(nameOf('d.test')), undefined);
    assert.ok(sts.get(nameOf('c.test')) !== undefined, 'and takes nobody with it');
  });

  it('never holds more than its bounds, whatever is put, read and removed', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const acts = fc.array(
      fc.record({ how: fc.constantFrom('put', 'get', 'remove'), name: names, octets: fc.nat(5_000) }),
    );
    fc.assert(
      fc.property(acts, (list) => {
        const { sts } = memoryStore({ policies: 3, octets: 30_000 });
        for (const { how, name, octets } of list) {
          if (how === 'put') sts.put(withPolicy(name, octets));
          else if (how === 'get') sts.get(nameOf(`${name}.test`));
          else sts.remove(nameOf(`${name}.test`));
          const held = sts.due(Number.MAX_SAFE_INTEGER, 100);
          assert.ok(held.length <= 3);
          const lines = held.flatMap(({ known }) => known?.policy.lines ?? []);
          assert.ok(lines.reduce((sum, { length }) => sum + 4 * length, 0) <= 30_000);
        }
      }),
    );
  });

  it('those to be renewed, the first due first; also where the clock was set back behind their last attempt', () => {
    const { sts } = memoryStore(roomy);
    sts.put(entry('later', { refreshAt: 3 * DAY }));
    sts.put(entry('sooner'));
    sts.put(entry('never', { refreshAt: null }));
    const due = (now: number, limit = 10): readonly string[] =>
      sts.due(now, limit).map(({ domain }) => domain);
    assert.deepEqual(due(1.5 * DAY), []);
    assert.deepEqual(due(2 * DAY), ['sooner.test']);
    assert.deepEqual(due(3 * DAY), ['sooner.test', 'later.test']);
    assert.deepEqual(due(3 * DAY, 1), ['sooner.test']);
    assert.deepEqual(due(DAY - 1), ['sooner.test', 'later.test']);
  });

  it('what no mail has asked for is forgotten once its policy has ended', () => {
    const { sts } = memoryStore(roomy);
    sts.put(entry('unused'));
    sts.put(entry('used', { usedAt: 5 * DAY }));
    sts.put(withPolicy('holds', 10));
    assert.equal(sts.forget(3 * DAY), 1);
    assert.equal(sts.get(nameOf('unused.test')), undefined);
    assert.ok(sts.get(nameOf('holds.test')) !== undefined && sts.get(nameOf('used.test')) !== undefined);
  });
});
