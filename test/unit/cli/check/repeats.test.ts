import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countRepeats } from '../../../../src/cli/check/repeats.ts';

describe('targets that come again', () => {
  it('are counted, each time', () => {
    const { add, count } = countRepeats();
    for (const target of ['a.test', 'b.test', 'a.test', 'a.test', 'c.test', 'b.test']) add(target);
    assert.equal(count(), 3);
  });

  it('are never those that only look alike', () => {
    const { add, count } = countRepeats();
    for (let index = 0; index < 200_000; index += 1) add(`d${index}.test`);
    assert.equal(count(), 0);
    for (let index = 0; index < 200_000; index += 1) add(`d${index}.test`);
    assert.equal(count(), 200_000);
  });

  it('are told as far as they are remembered, in memory that has a bound', () => {
    const { add, count } = countRepeats(1_024);
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 5_000; index += 1) add(`d${index}.test`);
    assert.equal(count(), 768);
  });
});
