import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readAuthservId, readResults } from '../../../src/mail/read-results.ts';

/** As plain data. */
function read(value: string) {
  return readResults(value)?.map(({ method, result, properties }) => [
    method,
    result,
    Object.fromEntries(properties),
  ]);
}

describe('reading Authentication-Results', () => {
  it('RFC 8601 Appendix B.2: nearly no information', () => {
    assert.deepEqual(read(' example.org 1; none'), []);
  });

  it('RFC 8601 Appendix B.6: several methods, comments and all', () => {
    const value =
      ' example.com;\r\n dkim=pass reason="good signature"\r\n header.i=@mail-router.example.net;\r\n' +
      ' dkim=fail reason="bad signature"\r\n header.i=@newyork.example.com';
    assert.deepEqual(read(value), [
      ['dkim', 'pass', { reason: 'good signature', 'header.i': '@mail-router.example.net' }],
      ['dkim', 'fail', { reason: 'bad signature', 'header.i': '@newyork.example.com' }],
    ]);
  });

  it('RFC 8601 Appendix B.7: comments and white space where they may stand', () => {
    const value =
      ' foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n' +
      "  policy (A dot can go here) . (like that) expired\r\n  (this surprised me) = (as I wasn't expecting it) 1362471462";
    // Nobody writes a method or property in pieces, and what is not understood is not believed.
    assert.equal(readAuthservId(value), 'foo.example.net');
    assert.equal(read(value), undefined);
  });

  it('a quoted string may hold what ends a result, and counts as one value', () => {
    assert.deepEqual(read('a; spf=fail reason="x; dmarc=pass \\" y" smtp.mailfrom=b'), [
      ['spf', 'fail', { reason: 'x; dmarc=pass " y', 'smtp.mailfrom': 'b' }],
    ]);
    assert.deepEqual(read('a; spf=pass (x; dmarc=pass) smtp.mailfrom="a b"@c'), [
      ['spf', 'pass', { 'smtp.mailfrom': 'a b@c' }],
    ]);
  });

  for (const value of ['', ';', 'a; spf', 'a; spf=', 'a; =pass', 'a; spf=pass x', 'a; "spf', 'a; (spf=pass'])
    it(`${JSON.stringify(value)} says nothing`, () => assert.equal(read(value), undefined));

  it('of a property that stands twice the first counts; of names the case does not', () => {
    assert.deepEqual(read('a; DMARC=Pass Header.From=b header.from=c'), [
      ['dmarc', 'pass', { 'header.from': 'b' }],
    ]);
  });

  it('any text has an answer, in linear time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readResults(text)));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '=', ';', '(', ')', '"', '\\', ' ') }),
        (text) => void readResults(text),
      ),
    );
    const began = performance.now();
    for (const piece of ['(', '"', '\\', 'a ', 'a=b;', '()']) readResults(`a;${piece.repeat(30_000)}`);
    assert.ok(performance.now() - began < 1_000);
  });
});
