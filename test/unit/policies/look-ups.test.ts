import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { all, fetchPolicy, type PolicyLookUp, recall, resolve } from '../../../src/policies/look-ups.ts';
import { domain, failedFetch, recordQuestion } from './mta-sts/policy-host.ts';

const example = domain('example.test');
const question = recordQuestion('example.test');

describe('the steps of look-ups for policies', () => {
  it('each yields its effect, and gives what the driver answers', () => {
    const recalling = recall(example);
    assert.deepEqual(recalling.next(), { done: false, value: { kind: 'recall', domain: example } });
    const recalled = { sts: undefined, overrides: [] };
    assert.deepEqual(recalling.next({ kind: 'recalled', recalled }), { done: true, value: recalled });

    const fetching = fetchPolicy(example);
    assert.deepEqual(fetching.next().value, { kind: 'fetch', domain: example });
    const outcome = failedFetch('tcp');
    assert.equal(fetching.next({ kind: 'fetched', outcome }).value, outcome);

    assert.deepEqual(resolve(question).next().value, { kind: 'resolve', question });
  });

  it('all hands out dialogues, and gives their outcomes in their order', () => {
    const dialogues = [recall(example), recall(domain('other.test'))];
    const both = all(dialogues);
    assert.deepEqual(both.next().value, { kind: 'all', dialogues });
    assert.deepEqual(both.next({ kind: 'outcomes', outcomes: [1, 2] }).value, [1, 2]);
  });

  it('a driver that answers something else is our fault', () => {
    const steps: [string, () => PolicyLookUp<unknown>][] = [
      ['resolve', () => resolve(question)],
      ['fetch', () => fetchPolicy(example)],
      ['recall', () => recall(example)],
    ];
    for (const [name, step] of steps) {
      const dialogue = step();
      dialogue.next();
      assert.throws(() => dialogue.next({ kind: 'outcomes', outcomes: [] }), {
        message: `the driver answered ${name} with outcomes`,
      });
    }
    const dialogue = all([]);
    dialogue.next();
    assert.throws(
      () => dialogue.next({ kind: 'fetched', outcome: failedFetch('tcp') }),
      /answered all with fetched/,
    );
  });
});
