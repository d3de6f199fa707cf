import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { command, utf8Command } from '../../../../src/protocols/smtp/command.ts';

describe('command', () => {
  it('joins its parts with spaces and ends in CRLF', () => {
    assert.equal(command('QUIT'), 'QUIT\r\n');
    assert.equal(command('MAIL FROM:<>', 'SIZE=1'), 'MAIL FROM:<> SIZE=1\r\n');
  });

  it('refuses whatever could end the line early, or is not ASCII (GHSA-vvjj-xcjg-gr5g: the EHLO name)', () => {
    for (const text of [
      'a\r\nRCPT TO:<b>',
      'a\nb',
      'a\rb',
      'a\0b',
      'a\x7f',
      'm\xfcnchen.test',
      '\u010aRSET',
      'a\tb',
    ]) {
      assert.throws(() => command('EHLO', text), { name: 'Error', message: /printable ASCII only/ });
    }
  });

  it('any argument: refused, or one line on the wire', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        try {
          assert.match(command('EHLO', text), /^[\x20-\x7e]*\r\n$/);
        } catch (error) {
          assert.ok(error instanceof Error && error.message.includes('printable ASCII'));
          assert.match(text, /[^\x20-\x7e]/);
        }
      }),
    );
  });
});

describe('utf8Command', () => {
  it('RFC 6531 §3.3: UTF-8, as the octets that go out', () => {
    assert.equal(utf8Command('RCPT TO:<ä@example.test>', 'X=1'), 'RCPT TO:<\xc3\xa4@example.test> X=1\r\n');
  });

  it('any argument: refused, or one line on the wire that is the argument again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        let line: string;
        try {
          line = utf8Command('X', text);
        } catch (error) {
          assert.match(String(error), /control characters/);
          assert.ok(/\p{Cc}/u.test(text) || !text.isWellFormed());
          return;
        }
        assert.equal(line.search(/[\r\n\0]/), line.length - 2);
        assert.equal(Buffer.from(line, 'latin1').toString('utf8'), `X ${text}\r\n`);
      }),
      { numRuns: 2000 },
    );
  });
});
