import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitingLine } from '../../../src/relay/waiting-line.ts';

describe('waitingLine', () => {
  it('runs so many at once, the others in the order they came, and refuses those for whom there is no room', async () => {
    const line = waitingLine(2, 2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const work = (number: number) => () => {
      begun.push(number);
      return new Promise<number>((resolve) => ends.push(() => resolve(number)));
    };
    const results = [1, 2, 3, 4].map((number) => line.run(work(number)));
    assert.equal(line.run(work(5)), undefined);
    assert.deepEqual(begun, [1, 2]);
    ends[1]?.();
    assert.equal(await results[1], 2);
    await new Promise(setImmediate);
    assert.deepEqual(begun, [1, 2, 3]);
    // One has left the line, so that there is room for one.
    const sixth = line.run(work(6));
    assert.equal(line.run(work(7)), undefined);
    for (let index = 0; index < 5; index++) {
      ends[index]?.();
      await new Promise(setImmediate);
    }
    assert.deepEqual(await Promise.all([...results, sixth]), [1, 2, 3, 4, 6]);
    assert.deepEqual(begun, [1, 2, 3, 4, 6]);
  });

  it('goes on after work that failed', async () => {
    const line = waitingLine(1, 1);
    const failing = line.run(() => Promise.reject(new Error('broken')));
    const next = line.run(() => Promise.resolve('done'));
    await assert.rejects(failing ?? Promise.resolve(), /broken/);
    assert.equal(await next, 'done');
    assert.equal(await line.run(() => Promise.resolve('again')), 'again');
  });
});
