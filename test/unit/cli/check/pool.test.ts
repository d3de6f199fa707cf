import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pooled } from '../../../../src/cli/check/pool.ts';

/** Work that is finished by hand. */
function workbench() {
  const waiting = new Map<number, (result: string) => void>();
  const work = (item: number): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    waiting.set(item, resolve);
    return promise;
  };
  return {
    work,
    begun: () => [...waiting.keys()],
    finish: (item: number) => waiting.get(item)?.(`result ${item}`),
  };
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number += 1) yield number;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('several things at the same time', () => {
  it('are no more than is said, and the next begins when one is taken', async () => {
    const { work, begun, finish } = workbench();
    const results = pooled(numbers(4), 2, 'done', work);
    const first = results.next();
    await settle();
    assert.deepEqual(begun(), [1, 2]);
    finish(2);
    assert.deepEqual(await first, { done: false, value: 'result 2' });
    const second = results.next();
    await settle();
    assert.deepEqual(begun(), [1, 2, 3]);
    finish(1);
    finish(3);
    assert.equal((await second).done, false);
    await settle();
    const third = results.next();
    const fourth = results.next();
    await settle();
    finish(4);
    assert.deepEqual([(await third).done, (await fourth).done], [false, false]);
    assert.equal((await results.next()).done, true);
  });

  it('come in the order of their items where that is asked for', async () => {
    const { work, finish } = workbench();
    const results = pooled(numbers(3), 3, 'input', work);
    const all = Array.fromAsync(results);
    await settle();
    for (const item of [3, 2, 1]) finish(item);
    assert.deepEqual(await all, ['result 1', 'result 2', 'result 3']);
  });

  for (const order of ['input', 'done'] as const) {
    it(`a result is there before the next item is (${order})`, async () => {
      async function* slow(): AsyncGenerator<number> {
        yield 1;
        await new Promise(() => undefined);
      }
      const results = pooled(slow(), 4, order, (item) => Promise.resolve(`result ${item}`));
      assert.deepEqual(await results.next(), { done: false, value: 'result 1' });
    });
  }

  it('what is lost is told, and nothing where there is nothing', async () => {
    const failing = pooled(numbers(2), 2, 'done', () => Promise.reject(new Error('lost')));
    await assert.rejects(failing.next(), /lost/);
    assert.deepEqual(
      await Array.fromAsync(pooled(numbers(0), 2, 'input', (item) => Promise.resolve(item))),
      [],
    );
  });
});
