import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { healthOf } from '../../../../src/relay/http-api/health.ts';

function queue() {
  const state = { asked: 0, well: true, now: 0 };
  const health = healthOf(
    () => {
      state.asked += 1;
      return state.well ? Promise.resolve() : Promise.reject(new Error('the test'));
    },
    () => state.now,
  );
  return { state, health };
}

describe('the health', () => {
  it('is asked for once by all who come at the same time', async () => {
    const { state, health } = queue();
    assert.deepEqual(await Promise.all([health(), health(), health()]), [true, true, true]);
    assert.equal(state.asked, 1);
  });

  it('is kept for a second, good or bad', async () => {
    const { state, health } = queue();
    state.well = false;
    assert.equal(await health(), false);
    state.well = true;
    state.now = 999;
    assert.equal(await health(), false);
    state.now = 1_000;
    assert.equal(await health(), true);
    assert.equal(state.asked, 2);
  });

  it('does not last longer where the clock was set back', async () => {
    const { state, health } = queue();
    state.now = 5_000;
    await health();
    state.now = 4_000;
    await health();
    assert.equal(state.asked, 2);
  });
});
