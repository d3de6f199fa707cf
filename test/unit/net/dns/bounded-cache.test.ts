import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundedCache } from '../../../../src/net/dns/bounded-cache.ts';

const FOR_EVER = Number.POSITIVE_INFINITY;
const wide = { entries: 1_000, octets: 1 << 30 };

describe('what is kept', () => {
  it('is found until its end, and not at it', () => {
    const cache = boundedCache<string>(wide);
    cache.set('a', 'one', 10, 100);
    assert.equal(cache.get('a', 99), 'one');
    assert.equal(cache.get('a', 100), undefined);
    assert.equal(cache.get('b', 0), undefined);
  });

  it('is replaced by what comes later under the same key', () => {
    const cache = boundedCache<string>({ entries: 1_000, octets: 1_000 });
    for (let index = 0; index < 50; index += 1) cache.set('a', `${index}`, 500, FOR_EVER);
    assert.equal(cache.get('a', 0), '49');
  });

  it('is forgotten by itself, and its room with it', () => {
    const cache = boundedCache<number>({ entries: 2, octets: 10_000 });
    cache.set('a', 1, 10, 100);
    cache.set('b', 2, 10, 100);
    cache.delete('a');
    cache.delete('nothing');
    cache.set('c', 3, 10, 100);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => cache.get(key, 0)),
      [undefined, 2, 3],
    );
  });

  it('is forgotten all at once, and its room with it', () => {
    const cache = boundedCache<string>({ entries: 10, octets: 1_000 });
    cache.set('a', 'one', 800, FOR_EVER);
    cache.clear();
    assert.equal(cache.get('a', 0), undefined);
    cache.set('b', 'two', 800, FOR_EVER);
    assert.equal(cache.get('b', 0), 'two');
  });
});

/** The keys, of 0 to `count`, that are found. */
function kept(cache: { get(key: string, now: number): unknown }, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => cache.get(`${index}`, 0) !== undefined,
  );
}

describe('bounds', () => {
  it('of entries: so many and no more, the last ones', () => {
    const cache = boundedCache<number>({ entries: 100, octets: 1 << 30 });
    for (let index = 0; index < 100; index += 1) cache.set(`${index}`, index, 10, FOR_EVER);
    assert.equal(kept(cache, 100).length, 100);
    for (let index = 100; index < 5_000; index += 1) cache.set(`${index}`, index, 10, FOR_EVER);
    const left = kept(cache, 5_000);
    assert.ok(left.length <= 100 && left.length >= 90, `${left.length}`);
    assert.equal(left[0], 5_000 - left.length);
  });

  it('of octets, with what an entry takes by itself', () => {
    const cache = boundedCache<number>({ entries: 1 << 20, octets: 100_000 });
    for (let index = 0; index < 5_000; index += 1) cache.set(`${index}`, index, 900, FOR_EVER);
    const left = kept(cache, 5_000);
    assert.ok(left.length <= 100 && left.length >= 80, `${left.length}`);
    for (let index = 5_000; index < 9_000; index += 1) cache.set(`${index}`, index, 0, FOR_EVER);
    assert.ok(kept(cache, 9_000).length <= 1_000);
  });

  it('what is larger than all of it is not kept, and costs nobody the room', () => {
    const cache = boundedCache<number>({ entries: 10, octets: 1_000 });
    cache.set('a', 1, 500, FOR_EVER);
    cache.set('b', 2, 1_001, FOR_EVER);
    assert.equal(cache.get('b', 0), undefined);
    assert.equal(cache.get('a', 0), 1);
  });

  it('what was not used for longest goes first', () => {
    const cache = boundedCache<number>({ entries: 10, octets: 1 << 20 });
    for (let index = 0; index < 10; index += 1) cache.set(`${index}`, index, 1, FOR_EVER);
    cache.get('0', 0);
    cache.set('10', 10, 1, FOR_EVER);
    assert.equal(cache.get('0', 0), 0);
    assert.equal(cache.get('1', 0), undefined);
  });

  it('a full cache takes one more in the same time', () => {
    const cache = boundedCache<number>({ entries: 50_000, octets: 1 << 30 });
    for (let index = 0; index < 50_000; index += 1) cache.set(`${index}`, index, 1, FOR_EVER);
    const startedAt = performance.now();
    for (let index = 50_000; index < 150_000; index += 1) cache.set(`${index}`, index, 1, FOR_EVER);
    // Over a map with what was deleted left in it: minutes.
    assert.ok(performance.now() - startedAt < 3_000);
  });
});
