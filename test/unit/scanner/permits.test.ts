import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyedPermits, permitsOf } from '../../../src/scanner/permits.ts';

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
    await settle();
    assert.deepEqual(taken, ['a', 'b']);
    for (let count = 0; count < 3; count += 1) give();
    await settle();
    assert.deepEqual(taken, ['a', 'b', 'on', 'c', 'd']);
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
});
