import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recallFrom } from '../../../src/lookup/recall.ts';
import { trustedList } from '../../../src/lookup/trusted-list.ts';
import { DOMAIN, overrideOf } from '../../support/destinations.ts';
import { keptOf } from '../../support/lists.ts';

const kept = keptOf('enforce', 'mx1.example.test');
const store = {
  sts: { get: () => undefined },
  overrides: { about: () => [overrideOf('may')] },
};
const list = { head: () => kept.head, listed: () => kept.listed };

describe('what is recalled of a domain', () => {
  it('has no list where none is used', () => {
    const bare = {
      sts: undefined,
      overrides: [overrideOf('may')],
      list: undefined,
      memory: [],
      promotion: undefined,
    };
    assert.deepEqual(recallFrom(store)(DOMAIN), bare);
    assert.deepEqual(recallFrom({ ...store, list: trustedList(list, () => undefined) })(DOMAIN), bare);
  });

  it('has the list that somebody has signed who is trusted now', () => {
    let keys: readonly string[] = kept.head?.signers ?? [];
    const recall = recallFrom({ ...store, list: trustedList(list, () => new Set(keys)) });
    assert.deepEqual(recall(DOMAIN).list, kept);
    keys = [];
    assert.deepEqual(recall(DOMAIN).list, { head: undefined, listed: undefined });
  });
});
