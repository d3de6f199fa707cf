import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memory } from '../../../../../src/cli/config/schema/memory.ts';

const DAY = 86_400_000;

describe('[memory]', () => {
  it('observes where nothing is said', () => {
    assert.deepEqual(memory.parse(undefined), {
      mode: 'observe',
      leastSessions: 3,
      leastAgeMs: 7 * DAY,
      giveWayAfterMs: 3 * DAY,
      forgetAfterMs: 90 * DAY,
    });
  });

  it('is read', () => {
    const written = {
      mode: 'enforce',
      least_sessions: 5,
      least_age: '14d',
      give_way_after: '2d',
      forget_after: '60d',
    };
    assert.deepEqual(memory.parse(written), {
      mode: 'enforce',
      leastSessions: 5,
      leastAgeMs: 14 * DAY,
      giveWayAfterMs: 2 * DAY,
      forgetAfterMs: 60 * DAY,
    });
  });

  it('refuses what could never expect anything', () => {
    const faults = memory.safeParse({ least_age: '30d', forget_after: '30d' }).error?.issues ?? [];
    assert.deepEqual(
      faults.map(({ path, message }) => [path, message]),
      [[['forget_after'], 'has to be more than least_age: else nothing is ever expected']],
    );
  });
});
