import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTags, withoutSpace } from '../../../../src/findings/records/tags.ts';

describe('lists of tags', () => {
  it('white space around names, values and semicolons counts for nothing, inside a value it does', () => {
    const { values, problems } = readTags(' v = X ;\ta= b  c ; d=;');
    assert.deepEqual(
      [...values],
      [
        ['v', 'X'],
        ['a', 'b  c'],
        ['d', ''],
      ],
    );
    assert.deepEqual(problems, []);
  });

  it('RFC 6376 §3.2: "Tags with duplicate names MUST NOT occur"; the first counts', () => {
    const { values, problems } = readTags('a=1; A=2');
    assert.equal(values.get('a'), '1');
    assert.deepEqual(problems, ['the tag a is there more than once']);
  });

  it('what is no tag is told, ten times at most', () => {
    assert.deepEqual(readTags('=1; a=\u{e9}; ;').problems.length, 3);
    assert.equal(readTags('x;'.repeat(100)).problems.length, 10);
  });

  it('64 KiB of anything take no longer than a look', () => {
    for (const piece of [' ', '\t', 'a', ';', '=', 'a=', '; ', 'a= ;']) {
      const text = piece.repeat(Math.floor(65_000 / piece.length));
      for (const one of [text, `v=${text}\u{1}`, `${text}x`, `v${text}=\u{1}`]) {
        const from = performance.now();
        readTags(one);
        withoutSpace(one);
        assert.ok(performance.now() - from < 1_000, JSON.stringify(piece));
      }
    }
  });
});
