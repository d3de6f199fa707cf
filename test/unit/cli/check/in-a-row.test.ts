import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inARow } from '../../../../src/cli/check/in-a-row.ts';

describe('work that is done in a row', () => {
  it('waits for more of it, and is done once there is enough', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const row = inARow();
    const done: number[] = [];
    const all = Array.from({ length: 16 }, (_, index) => {
      const result = row(() => done.push(index));
      assert.equal(done.length, index < 15 ? 0 : 16);
      return result;
    });
    assert.deepEqual(await Promise.all(all), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  it('is done after a moment, however little of it there is, and the next ones have a moment of their own', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const row = inARow();
    for (const word of ['first', 'second']) {
      const result = row(() => word);
      let isDone = false;
      void result.then(() => {
        isDone = true;
      });
      t.mock.timers.tick(49);
      await Promise.resolve();
      assert.equal(isDone, false);
      t.mock.timers.tick(1);
      assert.equal(await result, word);
    }
  });

  it('that throws takes nothing with it', async () => {
    const row = inARow();
    const wrong = row((): never => {
      throw new RangeError('wrong');
    });
    const right = row(() => 'right');
    await assert.rejects(wrong, RangeError);
    assert.equal(await right, 'right');
  });
});
