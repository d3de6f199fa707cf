import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  beginning,
  type ContentScan,
  scanContent,
} from '../../../../../src/protocols/smtp/gateway/content.ts';

/** Everything that is passed on, and how it ended, with the octets cut in pieces. */
function scan(text: string, size = text.length || 1): { passed: string; how: ContentScan['kind'] } {
  const bytes = Buffer.from(text, 'latin1');
  let tail = beginning;
  let unread = Buffer.alloc(0);
  let passed = '';
  for (let from = 0; from < bytes.length; from += size) {
    unread = Buffer.concat([unread, bytes.subarray(from, from + size)]);
    const result = scanContent(unread, tail);
    passed += unread.toString('latin1', 0, result.used);
    if (result.kind !== 'more') return { passed, how: result.kind };
    tail = result.tail;
    unread = unread.subarray(result.used);
  }
  return { passed, how: 'more' };
}

describe('scanContent', () => {
  it('RFC 5321 §4.1.1.4: the end is CRLF . CRLF, or a dot alone where the content begins', () => {
    assert.deepEqual(scan('a\r\n.\r\nNOOP'), { passed: 'a\r\n.\r\n', how: 'end' });
    assert.deepEqual(scan('.\r\nNOOP'), { passed: '.\r\n', how: 'end' });
    assert.deepEqual(scan('a\r\n..\r\n.b\r\n'), { passed: 'a\r\n..\r\n.b\r\n', how: 'more' });
  });

  for (const [before, after] of [
    ['\n', '\r\n'],
    ['\n', '\n'],
    ['\r', '\r\n'],
    ['\r', '\r'],
    ['\r\n', '\n'],
    ['\r\n', '\rx'],
    ['\r\r\n', '\n'],
    ['x\n', '\r'],
  ] as const) {
    it(`a dot between ${JSON.stringify(before)} and ${JSON.stringify(after)} is an end for some only`, () => {
      for (const size of [1, 2, 3, 100])
        assert.deepEqual(scan(`x${before}.${after}y`, size), { passed: `x${before}`, how: 'ambiguous' });
    });
  }

  it('comes out the same for every cut', () => {
    const octets = fc.array(fc.constantFrom('.', '\r', '\n', '\r\n', 'a', '..'), { maxLength: 30 });
    fc.assert(
      fc.property(octets, fc.integer({ min: 1, max: 5 }), (parts, size) => {
        const text = parts.join('');
        const [whole, cut] = [scan(text), scan(text, size)];
        assert.equal(cut.how, whole.how);
        if (whole.how !== 'more') assert.equal(cut.passed, whole.passed);
      }),
      { numRuns: 5_000 },
    );
  });

  it('no server could take an end where none is passed on, under any reading of line ends', () => {
    const octets = fc.array(fc.constantFrom('.', '\r', '\n', 'a'), { maxLength: 30 });
    fc.assert(
      fc.property(octets, (parts) => {
        const { passed, how } = scan(parts.join(''));
        const seen = `\r\n${how === 'end' ? passed.slice(0, -3) : passed}`;
        assert.doesNotMatch(seen, /[\r\n]\.[\r\n]/);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes time in proportion to the octets', () => {
    const dots = Buffer.from('\r\n..'.repeat(250_000));
    const began = performance.now();
    assert.equal(scanContent(dots, beginning).kind, 'more');
    assert.ok(performance.now() - began < 2_000);
  });
});
