import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recentIds } from '../../../src/relay/recent-ids.ts';

describe('the newest of many ids', () => {
  it('remembers the last ones that were added, and no more than it may', () => {
    const ids = recentIds(2);
    for (const id of ['a', 'b', 'b', 'c']) ids.add(id);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((id) => ids.has(id)),
      [false, true, true, false],
    );
  });
});
