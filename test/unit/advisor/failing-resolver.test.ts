import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playHistory } from '../../support/advisor-history.ts';

describe('a resolver and policy hosts that fail at random', () => {
  for (const failing of [0.02, 0.3]) {
    it(`${failing * 100} % of all questions: no answer that lets mail out asks for less than the truth`, async () => {
      const history = await playHistory({ lookUps: 6_000, domains: 400, failing, seed: 1 });
      assert.deepEqual(history.wrong, []);
      assert.deepEqual(history.unhealed, []);
      // It would mean nothing if nothing were kept, nothing failed, or nothing were answered.
      assert.ok(history.kept > 1_000, JSON.stringify(history));
      assert.ok(history.later > 50, JSON.stringify(history));
      assert.ok(history.policy > 1_000, JSON.stringify(history));
    });
  }
});
