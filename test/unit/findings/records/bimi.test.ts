import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bimiProblems, isBimi } from '../../../../src/findings/records/bimi.ts';

it('a record begins with its version', () => {
  assert.ok(isBimi('v=BIMI1; l=https://a.test/l.svg'));
  assert.ok(isBimi('v=BIMI1'));
  for (const text of ['v=bimi1;', 'v=BIMI2;', 'v=BIMI1x', 'l=; v=BIMI1']) assert.ok(!isBimi(text), text);
});

it('logo and certificate are https URIs; an empty logo says that there is none', () => {
  assert.deepEqual(bimiProblems('v=BIMI1; l=https://a.test/l.svg; a=https://a.test/c.pem'), []);
  assert.deepEqual(bimiProblems('v=BIMI1; l=;'), []);
  assert.deepEqual(bimiProblems('v=BIMI1; l=http://a.test/l.svg; a=x'), [
    'the tag l is no https URI',
    'the tag a is no https URI',
  ]);
  assert.deepEqual(bimiProblems('v=BIMI1; a=https://a.test'), ['the tag l, with the logo, is missing']);
  assert.deepEqual(bimiProblems('v=BIMI1; l=https:///l.svg'), ['the tag l is no https URI']);
});
