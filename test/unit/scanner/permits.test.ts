import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyedPermits, permitsOf, soManyAtOnce } from '../../../src/scanner/permits.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('permits', () => {
  it('are so many, taken in the order of asking, and first by who goes on', async () => {
    const { take, give, isIdle } = permitsOf(2);
    const taken: string[] = [];
    const ask = (name: string, first?: 'first'): void => {
      void take(first).then(() => taken.push(name));
    };
    for (const name of ['a', 'b', 'c', 'd']) ask(name);
    ask('on', 'first');
    ask('further', 'first');
    await settle();
    assert.deepEqual(taken, ['a', 'b']);
    for (let count = 0; count < 4; count += 1) give();
    await settle();
    assert.deepEqual(taken, ['a', 'b', 'on', 'further', 'c', 'd']);
    assert.equal(isIdle(), false);
    give();
    give();
    assert.equal(isIdle(), true);
  });

  it('of one key are not those of another, and of an idle one nothing is kept', async () => {
    const { take, give } = keyedPermits(1);
    const taken: string[] = [];
    for (const key of ['a', 'a', 'b']) void take(key).then(() => taken.push(key));
    await settle();
    assert.deepEqual(taken, ['a', 'b']);
    give('a');
    await settle();
    assert.deepEqual(taken, ['a', 'b', 'a']);
    for (const key of ['a', 'b', 'never']) give(key);
    await take('a');
    await take('b');
  });

  it('a function that is called so many times at once goes on where a call is lost', async () => {
    let [inside, most] = [0, 0];
    const call = soManyAtOnce(3, async (number: number) => {
      inside += 1;
      most = Math.max(most, inside);
      await settle();
      inside -= 1;
      if (number % 2 === 0) throw new Error(`lost ${number}`);
      return number;
    });
    const all = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => call(index)));
    assert.equal(most, 3);
    assert.deepEqual(
      all.map((one) => (one.status === 'fulfilled' ? one.value : -1)),
      [-1, 1, -1, 3, -1, 5, -1, 7, -1, 9],
    );
  });

  it('are given in their order to any number, in time that grows with it only', async () => {
    const { take, give } = permitsOf(1);
    await take();
    const taken: number[] = [];
    const count = 100_000;
    for (let index = 0; index < count; index += 1) void take().then(() => taken.push(index));
    const began = performance.now();
    for (let index = 0; index < count; index += 1) give();
    assert.ok(performance.now() - began < 500, `${performance.now() - began} ms`);
    await settle();
    assert.ok(taken.every((one, index) => one === index));
    assert.equal(taken.length, count);
  });
});
