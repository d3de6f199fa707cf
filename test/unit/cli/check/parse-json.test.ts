import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJson } from '../../../../src/cli/check/parse-json.ts';

describe('text that may be JSON', () => {
  it('is what it says, or nothing at all', () => {
    assert.deepEqual(parseJson('{"a":[1,null]}'), { a: [1, null] });
    assert.equal(parseJson('null'), null);
    for (const text of ['', '{', "{'a':1}", '1 2', 'undefined']) assert.equal(parseJson(text), undefined);
  });
});
