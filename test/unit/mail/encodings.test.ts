import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { encodeBase64, encodeQuotedPrintable, isPlain, octetFacts } from '../../../src/mail/encodings.ts';
import { decode } from './mime-reader.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const quoted = (text: string): string => encodeQuotedPrintable(bytes(text)).toString('latin1');
const textLike = fc
  .array(
    fc.constantFrom('\r\n', '\r', '\n', ' ', '\t', '.', '-', '--', '=', 'a', '\xe9', '\0', 'x'.repeat(75)),
  )
  .map((pieces) => pieces.join(''));

describe('octetFacts', () => {
  const rows: readonly [why: string, text: string, longest: number, eightBit: boolean][] = [
    ['nothing', '', 0, false],
    ['a line that CRLF ends', 'abc\r\nab\r\n', 3, false],
    ['a last line without CRLF', 'ab\r\nabc', 3, false],
    ['bare LF and CR belong to the line', 'a\nb\rc\r\n', 5, false],
    ['CR in front of CRLF belongs to the line', 'a\r\r\n', 2, false],
    ['a line end cut in two by nobody', '\r\n\n\r\n', 1, false],
    ['octet 128', '\x80\r\n', 1, true],
    ['octet 127', '\x7f\r\n', 1, false],
  ];
  for (const [why, text, longestLine, eightBit] of rows) {
    it(why, () => assert.deepEqual(octetFacts(bytes(text)), { longestLine, eightBit }));
  }

  it('RFC 5321 §4.5.3.1.6: 998 octets and CRLF are plain, 999 are not', () => {
    assert.ok(isPlain(bytes(`a\r\n${'x'.repeat(998)}\r\n`)));
    assert.ok(!isPlain(bytes(`a\r\n${'x'.repeat(999)}\r\n`)));
  });
});

describe('encodeQuotedPrintable, RFC 2045 §6.7', () => {
  const rows: readonly [why: string, text: string, encoded: string][] = [
    ['keeps plain text and its line ends', 'a b\r\n\r\nc', 'a b\r\n\r\nc'],
    ['encodes the equals sign and 8-bit octets in upper-case hex', 'a=\xe9\r\n', 'a=3D=E9\r\n'],
    ['encodes a space at the end of a line', 'a \r\n', 'a=20\r\n'],
    ['encodes only the last of several', 'a \t\r\n', 'a =09\r\n'],
    ['encodes a space at the end of the text', 'a ', 'a=20'],
    ['encodes bare CR and bare LF', 'a\rb\nc\r\r\n', 'a=0Db=0Ac=0D\r\n'],
    ['fills a line to 76', `${'x'.repeat(76)}\r\n`, `${'x'.repeat(76)}\r\n`],
    ['breaks a line of 77 softly at 75', `${'x'.repeat(77)}\r\n`, `${'x'.repeat(75)}=\r\nxx\r\n`],
    ['never breaks inside an escape', `${'x'.repeat(73)}\xe9y`, `${'x'.repeat(73)}=\r\n=E9y`],
    ['ends a line of 76 in an escape', `${'x'.repeat(73)}\xe9`, `${'x'.repeat(73)}=E9`],
    ['leaves the dot alone: the transport stuffs it', '.\r\n..', '.\r\n..'],
    ['lets no boundary appear', '--b\r\n-b', '=2D-b\r\n-b'],
    [
      'lets no boundary appear behind a soft break',
      `${'x'.repeat(75)}--b\xe9`,
      `${'x'.repeat(75)}=\r\n=2D-b=E9`,
    ],
  ];
  for (const [why, text, encoded] of rows) it(why, () => assert.equal(quoted(text), encoded));

  it('decodes to what it was, in lines of 76 of printable ASCII, none of which begins with two hyphens', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          textLike,
          fc.uint8Array().map((all) => Buffer.from(all).toString('latin1')),
        ),
        (text) => {
          const encoded = quoted(text);
          assert.equal(decode(encoded, 'quoted-printable'), text);
          for (const line of encoded.split('\r\n')) assert.match(line, /^(?!--)[\t\x20-\x7e]{0,76}$/);
          assert.doesNotMatch(encoded, /[ \t](?:\r\n|$)/);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives the same across its internal chunks', () => {
    const text = Buffer.alloc(400_000, 'abc\xe9 =\r\n-- \r', 'latin1').toString('latin1');
    assert.equal(decode(quoted(text), 'quoted-printable'), text);
  });
});

describe('encodeBase64, RFC 2045 §6.8', () => {
  for (const length of [0, 1, 2, 3, 56, 57, 58, 114, 115, 1000]) {
    it(`writes ${length} octets in lines of 76`, () => {
      const source = Buffer.alloc(length, '\xff\0-', 'latin1');
      const encoded = encodeBase64(source).toString('latin1');
      assert.deepEqual(Buffer.from(encoded, 'base64'), source);
      assert.match(encoded, /^(?:[A-Za-z0-9+/]{76}\r\n)*[A-Za-z0-9+/]*={0,2}$/);
      assert.ok(encoded.split('\r\n').every((line) => line.length <= 76));
    });
  }
});
