import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { borrowedStore } from '../../../src/lookup/borrowed-store.ts';
import type { StsEntry } from '../../../src/policies/mta-sts/cache.ts';
import { DOMAIN, overrideOf } from '../../support/destinations.ts';
import { keptOf } from '../../support/lists.ts';
import { trackOf } from '../../support/tracks.ts';

const kept = keptOf('enforce', 'mx1.example.test');
const entry: StsEntry = {
  domain: DOMAIN,
  known: null,
  failures: null,
  attemptedAt: 1,
  refreshAt: 1,
  usedAt: 1,
  clock: 1,
};

describe('policies that somebody else keeps', () => {
  it('are read, and what is learnt stands before them without being written there', () => {
    const reader = {
      sts: { get: () => entry, list: () => [] },
      overrides: { get: () => undefined, about: () => [overrideOf('may')], list: () => [] },
      list: { head: () => kept.head, listed: () => kept.listed, signings: () => [] },
      memory: { of: () => [trackOf()] },
      promotions: { get: () => undefined, list: () => [] },
    };
    const store = borrowedStore(reader);
    assert.equal(store.sts.get(DOMAIN), entry);
    assert.deepEqual(
      store.overrides.about(DOMAIN).map(({ level }) => level),
      ['may'],
    );
    assert.deepEqual([store.list.head(), store.list.listed(DOMAIN)], [kept.head, kept.listed]);
    assert.deepEqual(store.memory?.of(DOMAIN), [trackOf()]);
    const learnt = { ...entry, attemptedAt: 2 };
    store.sts.put(learnt);
    assert.equal(store.sts.get(DOMAIN), learnt);
    assert.equal(reader.sts.get(), entry);
  });

  it('are none where nothing was ever kept; nothing is renewed or forgotten', () => {
    const store = borrowedStore(undefined);
    assert.equal(store.sts.get(DOMAIN), undefined);
    assert.deepEqual(store.overrides.about(DOMAIN), []);
    assert.deepEqual([store.list.head(), store.list.listed(DOMAIN)], [undefined, undefined]);
    assert.deepEqual(store.memory?.of(DOMAIN), []);
    store.sts.put(entry);
    assert.deepEqual(store.sts.due(Number.MAX_SAFE_INTEGER, 10), []);
    assert.equal(store.sts.forget(Number.MAX_SAFE_INTEGER), 0);
    assert.equal(store.sts.get(DOMAIN), entry);
  });
});
