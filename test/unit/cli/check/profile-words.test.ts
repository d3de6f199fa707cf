import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inOrder, summaryOf } from '../../../../src/cli/check/profile-words.ts';
import { type Requirement, requirement } from './formats/demanded.ts';

describe('the requirements of a profile', () => {
  const all = [
    requirement({ id: 'met' }),
    requirement({ id: 'untested', state: 'not-tested' }),
    requirement({ id: 'ending', ahead: 'not-met' }),
    requirement({ id: 'none', state: 'not-applicable' }),
    requirement({ id: 'wrong', state: 'not-met' }),
    requirement({ id: 'web', state: 'not-tested', outside: true }),
  ];

  it('begin with what is not met, then what will not be, then what was not tested', () => {
    const { inside, open, met, inapplicable, outside } = inOrder(all);
    const idsOf = (some: readonly Requirement[]): string => some.map(({ id }) => id).join(' ');
    assert.deepEqual([inside, open, met, inapplicable, outside].map(idsOf), [
      'met untested ending none wrong',
      'wrong ending untested',
      'met',
      'none',
      'web',
    ]);
  });

  it('are counted, and what nobody sees from outside is not among them', () => {
    assert.equal(
      summaryOf(inOrder(all).inside),
      '2 of 5 requirements met, 1 not met, 1 not tested, 1 not applicable.',
    );
  });
});
