import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { array, constantFrom, assert as holds, nat, property } from 'fast-check';
import { relaxedBody, relaxedField } from '../../../src/mail/dkim-canonical.ts';

/** The relaxed form of a body that comes in these pieces. */
function relaxed(...pieces: readonly string[]): string {
  const out: Buffer[] = [];
  const body = relaxedBody((bytes) => out.push(Buffer.from(bytes)));
  for (const piece of pieces) body.add(Buffer.from(piece, 'latin1'));
  body.end();
  return Buffer.concat(out).toString('latin1');
}

/** RFC 6376 §3.4.4, word by word and without a thought of time. */
function slowly(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+$/, '').replace(/[ \t]+/g, ' '));
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

describe('RFC 6376 §3.4.5: the examples', () => {
  it('of a header', () => {
    assert.equal(relaxedField('A', ' X'), 'a:X');
    assert.equal(relaxedField('B ', ' Y\t\r\n\tZ  ').replace('b ', 'b'), 'b:Y Z');
  });

  it('of a body', () => {
    assert.equal(relaxed(' C \r\nD \t E\r\n\r\n\r\n'), ' C\r\nD E\r\n');
  });
});

describe('RFC 6376 §3.4.4', () => {
  const bodies = {
    '': '',
    '\r\n': '',
    ' \t\r\n\r\n  ': '',
    abc: 'abc\r\n',
    'abc \t': 'abc\r\n',
    '\r\n\r\nabc': '\r\n\r\nabc\r\n',
    'a\r\n \r\nb\r\n': 'a\r\n\r\nb\r\n',
    'a\rb\nc\r\n': 'a\rb\nc\r\n',
    'a\r': 'a\r\r\n',
    '\r\r\n': '\r\r\n',
  };
  for (const [body, wanted] of Object.entries(bodies)) {
    it(JSON.stringify(body), () => assert.equal(relaxed(body), wanted));
  }

  it('is the same however the body is cut, and as the words of the RFC have it', () => {
    const piece = constantFrom('a', 'b c', ' ', '\t', '  ', '\r\n', '\r\n\r\n', '\xe4', '.');
    holds(
      property(array(piece), nat(), (pieces, cut) => {
        const body = pieces.join('');
        const at = body.length === 0 ? 0 : cut % body.length;
        assert.equal(relaxed(body), slowly(body));
        assert.equal(relaxed(body.slice(0, at), body.slice(at)), slowly(body));
        assert.equal(relaxed(...body.split('')), slowly(body));
      }),
    );
  });

  it('passes pieces on that are longer than what it gathers', () => {
    const body = `${'x'.repeat(20_000)}\r\n${'y z'.repeat(9_000)}\r\n`;
    assert.equal(relaxed(body), body);
  });

  it('empty lines at the end take no memory and no output, however many', () => {
    assert.equal(relaxed('x', '\r\n'.repeat(1_000_000)), 'x\r\n');
  });
});
