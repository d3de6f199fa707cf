import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { splitMultipart } from '../../../src/mail/multipart.ts';

function split(body: string, boundary = 'b', most = 100): readonly (string | string[])[] | string {
  const found = splitMultipart(Buffer.from(body, 'latin1'), boundary, most);
  if (found.kind === 'unreadable') return found.because;
  for (const { start, end } of found.parts) assert.ok(start <= end);
  const parts = found.parts.map(({ start, end }) => body.slice(start, end));
  return [body.slice(0, found.preambleEnd), parts, body.slice(found.epilogueStart)];
}

describe('splitMultipart, RFC 2046 §5.1.1', () => {
  const rows: readonly [why: string, body: string, result: ReturnType<typeof split>][] = [
    ['two parts', '--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n', ['', ['one', 'two'], '']],
    ['preamble and epilogue', 'pre\r\n--b\r\none\r\n--b--\r\npost\r\n', ['pre\r\n', ['one'], 'post\r\n']],
    ['padding behind the boundary', '--b \t\r\none\r\n--b-- \r\n', ['', ['one'], '']],
    ['a part that ends in an empty line', '--b\r\none\r\n\r\n--b--', ['', ['one\r\n'], '']],
    ['an empty part', '--b\r\n\r\n--b--', ['', [''], '']],
    ['delimiters without anything between', '--b\r\n--b\r\n--b--', ['', ['', ''], '']],
    ['a closing delimiter alone', '--b--\r\nx', ['', [], 'x']],
    ['a missing closing delimiter', '--b\r\none\r\ntwo\r\n', ['', ['one\r\ntwo\r\n'], '']],
    [
      'a longer boundary is content',
      '--b\r\n--b1\r\n--bb\r\n--b--x\r\n--b--',
      ['', ['--b1\r\n--bb\r\n--b--x'], ''],
    ],
    [
      'a boundary in the middle of a line is content',
      '--b\r\nx--b\r\n --b\r\n--b--',
      ['', ['x--b\r\n --b'], ''],
    ],
    ['only CRLF starts a line', '--b\r\nx\n--b\r\ny\r--b\r\n--b--', ['', ['x\n--b\r\ny\r--b'], '']],
    ['only CRLF ends a delimiter', '--b\r\nx\r\n--b\ny\r\n--b--', ['', ['x\r\n--b\ny'], '']],
    ['a delimiter behind the end is epilogue', '--b\r\nx\r\n--b--\r\n--b\r\ny', ['', ['x'], '--b\r\ny']],
    ['no delimiter', 'one\r\n', 'its boundary does not appear in it'],
    ['nothing', '', 'its boundary does not appear in it'],
  ];
  for (const [why, body, result] of rows) it(why, () => assert.deepEqual(split(body), result));

  it('takes a boundary that ends in hyphens for itself', () => {
    assert.deepEqual(split('--b--\r\nx\r\n--b----\r\n', 'b--'), ['', ['x'], '']);
  });

  it('reads as many parts as it may, and not one more', () => {
    assert.deepEqual(split('--b\r\n1\r\n--b\r\n2\r\n--b--', 'b', 2), ['', ['1', '2'], '']);
    assert.equal(split('--b\r\n1\r\n--b\r\n2\r\n--b--', 'b', 1), 'it has more than 1 parts');
    assert.equal(split('--b\r\n1\r\n--b\r\n2', 'b', 1), 'it has more than 1 parts');
  });

  it('gives ranges in order within the body for any octets', () => {
    const pieces = fc.array(fc.constantFrom('--b', '--', '\r\n', '\r', '\n', ' ', 'x', 'b'));
    fc.assert(
      fc.property(pieces, (all) => {
        const body = Buffer.from(all.join(''));
        const found = splitMultipart(body, 'b', 5);
        if (found.kind === 'unreadable') return;
        let at = found.preambleEnd;
        for (const { start, end } of found.parts) {
          assert.ok(start >= at && end >= start);
          at = end;
        }
        assert.ok(found.epilogueStart >= at && found.epilogueStart <= body.length);
      }),
    );
  });

  it('takes linear time for a body of nothing but near-delimiters', () => {
    const started = performance.now();
    splitMultipart(Buffer.alloc(5_000_000, '--b'), 'b', 10);
    splitMultipart(Buffer.alloc(5_000_000, '-'), '-'.repeat(70), 10);
    splitMultipart(Buffer.alloc(5_000_000, '\r\n--b   x'), 'b', 10);
    assert.ok(performance.now() - started < 1500);
  });
});
