import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exitCodeOf, nagiosCodeOf, nothingYet } from '../../../../src/cli/check/exit-code.ts';
import {
  noTotals,
  readTotals,
  type Share,
  withShare,
  withWrong,
  writeTotals,
} from '../../../../src/cli/check/totals.ts';

const share = (change: Partial<Share> = {}): Share => ({
  verdict: 'protected',
  tally: nothingYet,
  connections: 2,
  ...change,
});

describe('the totals of a run', () => {
  it('are those of all its targets', () => {
    const lost = share({ verdict: 'lost', tally: { ...nothingYet, problem: true } });
    const worse = share({ verdict: 'lost', tally: { ...nothingYet, problem: true, critical: true } });
    const totals = [share(), lost, share({ connections: 0 })].reduce(withShare, noTotals);
    assert.deepEqual(totals, {
      ...noTotals,
      tally: { ...noTotals.tally, problem: true },
      tested: 3,
      verdicts: { protected: 2, lost: 1 },
      connections: 4,
    });
    assert.equal(exitCodeOf(totals.tally), 1);
    assert.equal(nagiosCodeOf(totals.tally), 1);
    assert.equal(nagiosCodeOf([worse, lost].reduce(withShare, totals).tally), 2);
    const wrong = [true, false].map((isLine) => withWrong(totals, isLine));
    assert.deepEqual(
      wrong.map((one) => [one.wrong, exitCodeOf(one.tally)]),
      [
        [1, 2],
        [0, 2],
      ],
    );
  });

  it('are the same when they were kept, and nothing else is taken for them', () => {
    const totals = withWrong(withShare(noTotals, share()), true);
    assert.deepEqual(readTotals(writeTotals(totals)), totals);
    for (const text of ['{}', '[]', 'null', JSON.stringify({ ...totals, tested: -1 })])
      assert.equal(readTotals(text), undefined);
  });
});
