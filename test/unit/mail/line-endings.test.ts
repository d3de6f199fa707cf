import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withCrlf } from '../../../src/mail/line-endings.ts';

describe('withCrlf, RFC 5321 §2.3.8', () => {
  const rows: readonly [why: string, text: string, lines: string][] = [
    ['nothing stays nothing', '', ''],
    ['LF', 'a\nb\n', 'a\r\nb\r\n'],
    ['CRLF stays', 'a\r\n\r\nb\r\n', 'a\r\n\r\nb\r\n'],
    ['CR alone', 'a\rb', 'a\r\nb\r\n'],
    ['all three', '\n\r\r\n', '\r\n\r\n\r\n'],
    ['a last line without its end', 'a', 'a\r\n'],
    ['8-bit octets stay as they are', '\xe9\n', '\xe9\r\n'],
  ];
  for (const [why, text, lines] of rows) {
    it(why, () => assert.equal(withCrlf(Buffer.from(text, 'latin1')).toString('latin1'), lines));
  }
});
