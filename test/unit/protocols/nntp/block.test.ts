import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { blockBegins, scanBlock } from '../../../../src/protocols/nntp/block.ts';

/** Where the block ends, found in pieces of this size. */
function endIn(text: string, size: number): number | undefined {
  const octets = Buffer.from(text, 'latin1');
  let matched: number = blockBegins;
  for (let at = 0; at < octets.length; at += size) {
    const scanned = scanBlock(octets.subarray(at, at + size), matched);
    if (scanned.end !== undefined) return at + scanned.end;
    matched = scanned.matched;
  }
  return undefined;
}

describe('the end of a block', () => {
  it('RFC 3977 §3.1.1: a line with a dot and nothing else, which may be the first', () => {
    assert.equal(endIn('.\r\nx', 100), 3);
    assert.equal(endIn('a\r\n.\r\n.\r\n', 100), 6);
    for (const text of ['', '.', '.\r', '..\r\n', 'a.\r\n', '.\n', '\n.\r\n', 'a\n.\r\n', 'a\r.\r\n'])
      assert.equal(endIn(text, 100), undefined, JSON.stringify(text));
  });

  it('is where a search over all of it finds it, in pieces of any size', () => {
    const parts = fc.array(fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.', '\r\n.\r'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 12 }), (all, size) => {
        const text = all.join('');
        const found = `\r\n${text}`.indexOf('\r\n.\r\n');
        assert.equal(endIn(text, size), found === -1 ? undefined : found + 3);
      }),
      { numRuns: 5000 },
    );
  });

  it('is looked for in linear time', () => {
    const started = performance.now();
    endIn('\r\n.\r'.repeat(1_000_000), 1000);
    assert.ok(performance.now() - started < 1_000);
  });
});
