import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatCount,
  formatDuration,
  formatRate,
  formatVerdicts,
  summaryOf,
} from '../../../../src/cli/check/summary.ts';
import { noTotals } from '../../../../src/cli/check/totals.ts';

describe('the words of a run of many', () => {
  it('times, counts and rates', () => {
    assert.deepEqual([0, 12_400, 200_000, 3_720_000, 300 * 3_600_000].map(formatDuration), [
      '0 s',
      '12 s',
      '3 min 20 s',
      '1 h 2 min',
      '12 days 12 h',
    ]);
    assert.deepEqual([0, 999, 1_000, 1_234_567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
    assert.deepEqual([1_234.5, 99.4, 8.123, 0.333].map(formatRate), ['1,235', '99', '8.1', '0.33']);
    const verdicts = { lost: 2, protected: 1_000 };
    assert.equal(formatVerdicts({ verdicts }), 'protected 1,000, lost 2');
  });

  it('a summary says what is worth a sentence', () => {
    const totals = { ...noTotals, tested: 4_000, verdicts: { encrypted: 4_000 }, connections: 200 };
    assert.deepEqual(summaryOf({ totals, finished: 4_000, ms: 10_000, repeated: 0 }), [
      '4,000 targets tested, in 10 s (400/s), with 200 connections',
      'verdicts: encrypted 4,000',
    ]);
    const more = {
      totals: { ...totals, tested: 1, wrong: 1, connections: 1 },
      finished: 0,
      ms: 0,
      repeated: 2,
    };
    assert.deepEqual(summaryOf(more), [
      '1 target tested, 0 of them now, in 0 s (0/s), with 1 connection',
      'verdicts: encrypted 4,000',
      '1 line is no target',
      '2 targets stand in the list for a second time: each has its own result, and what was seen is shared',
    ]);
    assert.equal(summaryOf({ totals: noTotals, finished: 0, ms: 0, repeated: 0 }).length, 1);
  });
});
