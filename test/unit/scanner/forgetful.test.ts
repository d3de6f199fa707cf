import assert from 'node:assert/strict';
import { it } from 'node:test';
import { forgetful } from '../../../src/scanner/forgetful.ts';

it('what is over is forgotten once there is much, and what is not never', () => {
  let looked = 0;
  const kept = forgetful<number>((until, now) => {
    looked += 1;
    return until <= now;
  });
  const count = 100_000;
  for (let now = 0; now < count; now += 1) kept.set(String(now), now + 5_000, now);
  assert.deepEqual(
    [kept.get('0'), kept.get(String(count - 5_000)), kept.get(String(count - 1))],
    [undefined, count, count + 4_999],
  );
  // Each is looked at a few times, not once for every other.
  assert.ok(looked < 4 * count, String(looked));
  kept.delete(String(count - 1));
  assert.equal(kept.get(String(count - 1)), undefined);
});
