import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queueOf } from '../../../src/scanner/queue.ts';

describe('a queue', () => {
  it('gives what came first, and nothing where nothing waits', () => {
    const { put, take, size } = queueOf<string>();
    assert.equal(take(), undefined);
    for (const item of ['a', 'b']) put(item);
    assert.deepEqual([size(), take(), size()], [2, 'a', 1]);
    put('c');
    assert.deepEqual([take(), take(), take(), size()], ['b', 'c', undefined, 0]);
  });

  it('of hundreds of thousands keeps their order, in time that grows with their number only', () => {
    const { put, take, size } = queueOf<number>();
    const count = 300_000;
    const began = performance.now();
    for (let index = 0; index < count; index += 1) put(index);
    for (let index = 0; index < count; index += 1) {
      if (take() !== index) assert.fail(`at ${index}`);
      // Some come while others go.
      if (index % 3 === 0) put(count + index / 3);
    }
    assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`);
    assert.equal(size(), count / 3);
    assert.equal(take(), count);
  });
});
