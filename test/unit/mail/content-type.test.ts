import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseContentType, parseTransferEncoding } from '../../../src/mail/content-type.ts';

const read = (value: string): string => {
  const parsed = parseContentType(value);
  if (parsed.kind === 'invalid') return 'invalid';
  const { type, subtype, parameters } = parsed.value;
  return `${type}/${subtype} ${parameters ? JSON.stringify([...parameters]) : 'unreadable'}`;
};

describe('parseContentType, RFC 2045 §5.1', () => {
  const rows: readonly [value: string, result: string][] = [
    [' Text/PLAIN', 'text/plain []'],
    ['text/plain; charset=utf-8', 'text/plain [["charset","utf-8"]]'],
    [' multipart/mixed;\tBoundary="a b;c"', 'multipart/mixed [["boundary","a b;c"]]'],
    [String.raw`multipart/mixed; boundary="a\"b\\c"`, String.raw`multipart/mixed [["boundary","a\"b\\c"]]`],
    ['(a (nested) comment) text / (x) plain (y) ; a (z) = b (;)', 'text/plain [["a","b"]]'],
    [String.raw`text/plain (a \) b)`, 'text/plain []'],
    ['text/plain;', 'text/plain []'],
    ['text/plain; a=b; a=c', 'text/plain unreadable'],
    ['text/plain; a="b', 'text/plain unreadable'],
    ['text/plain; a=', 'text/plain unreadable'],
    ['text/plain charset=utf-8', 'text/plain unreadable'],
    ['text/plain; boundary=a=b', 'text/plain unreadable'],
    ['text/plain (never closed', 'text/plain unreadable'],
    ['text/plain (ends in \\', 'text/plain unreadable'],
    ['text', 'invalid'],
    ['', 'invalid'],
    ['/plain', 'invalid'],
    ['(multipart/mixed', 'invalid'],
    ['\u00e9/plain', 'invalid'],
    [`text/plain;${' '.repeat(10_000)}`, 'invalid'],
  ];
  for (const [value, result] of rows) {
    it(`reads ${JSON.stringify(value.slice(0, 60))} as ${result}`, () => assert.equal(read(value), result));
  }

  it('gives a result for any text, in no time', () => {
    const pieces = fc.constantFrom(
      'text',
      '/',
      'plain',
      ';',
      '=',
      '"',
      '\\',
      '(',
      ')',
      ' ',
      'a',
      '\r\n',
      '\0',
    );
    const hostile = fc.oneof(
      fc.array(pieces).map((all) => all.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(fc.property(hostile, (value) => assert.equal(typeof read(value), 'string')));
    const started = performance.now();
    for (const piece of ['(', '"\\', '\\', '; a=b', '()']) read(`text/plain${piece.repeat(2000)}`);
    assert.ok(performance.now() - started < 200);
  });
});

describe('parseTransferEncoding, RFC 2045 §6.1', () => {
  const rows: readonly [value: string, encoding: string | undefined][] = [
    [' Base64', 'base64'],
    ['8bit (a comment)', '8bit'],
    ['7bit; x=y', undefined],
    ['8 bit', undefined],
    ['', undefined],
  ];
  for (const [value, encoding] of rows) {
    it(`reads ${JSON.stringify(value)} as ${encoding ?? 'nothing'}`, () => {
      const parsed = parseTransferEncoding(value);
      assert.equal(parsed.kind === 'ok' ? parsed.value : undefined, encoding);
    });
  }
});
