import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playHistory } from '../../support/advisor-history.ts';

describe('a resolver and policy hosts that fail at random', () => {
  for (const failing of [0.05, 0.3]) {
    it(`${failing * 100} % of all questions: no answer is wrong, and none is kept too long`, async () => {
      const history = await playHistory({ lookUps: 2_000, domains: 100, failing, seed: 1, stepMs: 200 });
      assert.deepEqual(history.wrong, []);
      assert.deepEqual(history.unhealed, []);
      // It would mean nothing if nothing were kept, nothing failed, or nothing were answered.
      assert.ok(history.kept > 200, JSON.stringify(history));
      assert.ok(history.later > 50 && history.keptLater > 5 && history.partial > 50, JSON.stringify(history));
      assert.ok(history.policy > 500, JSON.stringify(history));
    });
  }
});
