import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { decodeUnitext, decodeXtext, toAsciiUnitext } from '../../../src/names/xtext.ts';

describe('xtext, RFC 3461 §4', () => {
  const rows: [text: string, decoded: string | undefined][] = [
    ['', ''],
    ['Bob@Example.test', 'Bob@Example.test'],
    ['a+2Bb+3Dc', 'a+b=c'],
    ['a+20b', 'a b'],
    ['+0D+0A', '\r\n'],
    ['a+2bb', undefined],
    ['a+2', undefined],
    ['a+', undefined],
    ['a=b', undefined],
    ['a b', undefined],
    ['ö', undefined],
  ];
  for (const [text, decoded] of rows) {
    it(`${text} stands for ${JSON.stringify(decoded)}`, () => assert.equal(decodeXtext(text), decoded));
  }
});

describe('addresses beyond ASCII, RFC 6533 §3', () => {
  const rows: [text: string, decoded: string | undefined][] = [
    ['bob@example.test', 'bob@example.test'],
    ['jörg@example.test', 'jörg@example.test'],
    [String.raw`j\x{F6}rg`, 'jörg'],
    [String.raw`a\x{5C}b\x{2B}`, String.raw`a\b+`],
    [String.raw`\x{1F600}`, '😀'],
    ['', undefined],
    ['a+b', undefined],
    ['a=b', undefined],
    [String.raw`a\b`, undefined],
    [String.raw`\x{f6}`, undefined],
    [String.raw`\x{F}`, undefined],
    [String.raw`\x{F6`, undefined],
    [String.raw`\x{DC00}`, undefined],
    [String.raw`\x{110000}`, undefined],
  ];
  for (const [text, decoded] of rows) {
    it(`${text} stands for ${JSON.stringify(decoded)}`, () => assert.equal(decodeUnitext(text), decoded));
  }

  it('both forms stand for the same, and the 7-bit one is ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const decoded = decodeUnitext(text);
        if (decoded === undefined) return;
        const ascii = toAsciiUnitext(text);
        assert.match(ascii, /^[\x21-\x7e]+$/);
        assert.equal(decodeUnitext(ascii), decoded);
      }),
      { numRuns: 1000 },
    );
  });
});
