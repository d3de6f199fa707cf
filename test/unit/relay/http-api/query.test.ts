import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readQuery, valueOf } from '../../../../src/relay/http-api/query.ts';

const read = (query: string) => readQuery(`http://x/path${query}`, ['from'], ['to']);

describe('a query', () => {
  it('is read name by name, percent-encoded, in its order', () => {
    const query = read('?to=a%2Bb@x.test&from=&to=j%C3%BCrgen+x@y.test');
    assert.ok(query.kind === 'ok');
    assert.deepEqual(query.values.get('to'), ['a+b@x.test', 'jürgen x@y.test']);
    assert.equal(valueOf(query, 'from'), '');
    assert.equal(valueOf(query, 'tls'), undefined);
  });

  it('may be missing, or empty', () => {
    for (const none of ['', '?', '#to=x']) {
      const query = read(none);
      assert.ok(query.kind === 'ok');
      assert.equal(query.values.size, 0);
    }
  });

  const wrong: [why: string, query: string, error: RegExp, field: string | null][] = [
    ['an unknown name', '?cc=x', /^the query has no "cc": there is from, to$/, 'cc'],
    ['a name twice that may be there once', '?from=a&from=b', /^from: may be there once$/, 'from'],
    ['half a character', '?to=%C3', /is not percent-encoded UTF-8$/, null],
    ['a percent sign alone', '?to=100%', /is not percent-encoded UTF-8$/, null],
    ['nothing between two &', '?to=x&&to=y', /^the query has no ""/, ''],
  ];
  for (const [why, query, error, field] of wrong)
    it(`is refused with ${why}`, () => {
      const refused = read(query);
      assert.ok(refused.kind === 'refused');
      assert.match(refused.error, error);
      assert.equal(refused.field, field);
      assert.equal(refused.status, 400);
    });
});
