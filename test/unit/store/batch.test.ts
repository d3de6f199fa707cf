import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batchedStore } from '../../../src/store/batch.ts';
import type { Answer, Call } from '../../../src/store/calls.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { message } from '../../store/samples.ts';

/** A committer whose batches wait until the test answers them. */
function slowCommitter() {
  const batches: {
    readonly calls: readonly Call[];
    readonly answer: (answers: readonly Answer[]) => void;
  }[] = [];
  let arrived = Promise.withResolvers<void>();
  let closed = 0;
  return {
    batches,
    closed: () => closed,
    async nextBatch() {
      await arrived.promise;
      arrived = Promise.withResolvers();
      const batch = batches.at(-1);
      assert.ok(batch);
      return batch;
    },
    commit(calls: readonly Call[]): Promise<readonly Answer[]> {
      const { promise, resolve } = Promise.withResolvers<readonly Answer[]>();
      batches.push({ calls, answer: resolve });
      arrived.resolve();
      return promise;
    },
    backup: () => Promise.reject(new Error('no backup here')),
    close() {
      closed += 1;
      return Promise.resolve();
    },
  };
}

const done: Answer = { kind: 'done', value: undefined };
const idsOf = (calls: readonly Call[]): string[] =>
  calls.map((call) => (call.name === 'accept' ? call.argument.id : call.name));

describe('natural group commit', () => {
  it('sends what comes in one turn together, and gathers the rest while that is out', async () => {
    const committer = slowCommitter();
    const store = batchedStore(committer);
    const first = [store.accept(message('a')), store.accept(message('b'))];
    const one = await committer.nextBatch();
    const second = [store.accept(message('c')), store.nextDue(), store.accept(message('d'))];
    assert.equal(committer.batches.length, 1, 'one batch at a time');
    one.answer([done, done]);
    await Promise.all(first);
    const two = await committer.nextBatch();
    assert.deepEqual(
      [idsOf(one.calls), idsOf(two.calls)],
      [
        ['a', 'b'],
        ['c', 'nextDue', 'd'],
      ],
    );
    two.answer([done, { kind: 'done', value: 42 }, done]);
    assert.deepEqual(await Promise.all(second), [undefined, 42, undefined]);
  });

  it('bounds a batch, and keeps the order of the calls', async () => {
    const sizes: number[] = [];
    const order: string[] = [];
    const store = batchedStore({
      commit(calls) {
        sizes.push(calls.length);
        order.push(...idsOf(calls));
        return Promise.resolve(calls.map(() => done));
      },
      backup: () => Promise.reject(new Error('no backup here')),
      close: () => Promise.resolve(),
    });
    const ids = Array.from({ length: 1100 }, (_, index) => `m${index}`);
    await Promise.all(ids.map((id) => store.accept(message(id))));
    assert.deepEqual(sizes, [512, 512, 76]);
    assert.deepEqual(order, ids);
  });

  it('gives each call its own error, with its code', async () => {
    const store = batchedStore({
      commit: () => Promise.resolve([done, { kind: 'failed', code: 'full', message: 'no room' }]),
      backup: () => Promise.reject(new Error('no backup here')),
      close: () => Promise.resolve(),
    });
    const [good, bad] = await Promise.allSettled([store.accept(message('a')), store.accept(message('b'))]);
    assert.equal(good.status, 'fulfilled');
    assert.ok(bad.status === 'rejected' && bad.reason instanceof StoreError);
    assert.deepEqual([bad.reason.code, bad.reason.message], ['full', 'no room']);
  });

  it('fails all calls of a batch that was not carried out, and a call that got no answer', async () => {
    let stopped = true;
    const store = batchedStore({
      commit: () => (stopped ? Promise.reject(new StoreError('stopped', 'gone')) : Promise.resolve([])),
      backup: () => Promise.reject(new Error('no backup here')),
      close: () => Promise.resolve(),
    });
    const both = await Promise.allSettled([store.accept(message('a')), store.nextDue()]);
    assert.ok(both.every((result) => result.status === 'rejected' && result.reason.code === 'stopped'));
    stopped = false;
    await assert.rejects(store.nextDue(), { code: 'failed', message: 'the queue gave no answer' });
  });

  it('closes after the last answer, once, and takes no call from then on', async () => {
    const committer = slowCommitter();
    const store = batchedStore(committer);
    const accepted = store.accept(message('a'));
    const closing = Promise.all([store.close(), store.close()]);
    await assert.rejects(store.accept(message('b')), { code: 'stopped' });
    const batch = await committer.nextBatch();
    assert.equal(committer.closed(), 0);
    batch.answer([done]);
    await Promise.all([accepted, closing]);
    assert.equal(committer.closed(), 1);
  });
});
