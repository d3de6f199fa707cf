import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askAll, missingText, WorkersMissing } from '../../../../src/relay/workers/fan-out.ts';
import { StoreError } from '../../../../src/store/store-error.ts';
import { deafCalls } from '../../../support/worker-calls.ts';

const end = (number: number, pulse: () => Promise<void>) => ({
  number,
  takes: true,
  calls: { ...deafCalls, pulse },
});
const well = (): Promise<void> => Promise.resolve();

describe('a question to all workers', () => {
  it('is answered by those who answer, and says who did not', async () => {
    const gone = (): Promise<void> => Promise.reject(new Error('connect ECONNREFUSED'));
    const heard = await askAll([end(1, well), end(2, gone), end(5, well)], (calls) => calls.pulse());
    assert.deepEqual(heard, {
      said: [
        { number: 1, answer: undefined },
        { number: 5, answer: undefined },
      ],
      missing: [2],
    });
  });

  it('has the no of a queue as its answer, and a queue without its writer as none', async () => {
    const refused = (): Promise<void> => Promise.reject(new StoreError('refused', 'not so'));
    await assert.rejects(
      askAll([end(1, well), end(2, refused)], (calls) => calls.pulse()),
      /not so/,
    );
    const stopped = (): Promise<void> => Promise.reject(new StoreError('stopped', 'gone'));
    assert.deepEqual((await askAll([end(2, stopped)], (calls) => calls.pulse())).missing, [2]);
  });
});

it('what is missing is said in a sentence', () => {
  assert.equal(missingText([2]), 'worker 2 gives no answer: what is in its queue is missing');
  assert.equal(
    new WorkersMissing([2, 3]).message,
    'the workers 2, 3 give no answer: what is in their queues is missing, so this cannot be answered, or done, for sure: try again in a few seconds',
  );
});
