import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toMilliseconds, toTimeout } from '../../../src/cli/seconds.ts';

describe('seconds on the command line', () => {
  for (const [text, ms] of [
    ['0', 0],
    ['1', 1_000],
    ['0.5', 500],
    ['2.001', 2_001],
    ['3600', 3_600_000],
  ] as const)
    it(`${text} are ${ms} ms`, () => assert.equal(toMilliseconds(text, 0), ms));

  for (const text of ['', '-1', '3601', '3600.1', '1e3', '.5', '1.', '1.0001', ' 1', '١'])
    it(`"${text}" is refused, with the limits`, () =>
      assert.throws(
        () => toMilliseconds(text, 0),
        /^InvalidArgumentError: Seconds from 0 to 3600 are expected\.$/,
      ));

  it('a time limit is not nothing', () => {
    assert.equal(toTimeout('0.1'), 100);
    assert.throws(() => toTimeout('0'), /Seconds from 0\.1 to 3600 are expected/);
  });
});
