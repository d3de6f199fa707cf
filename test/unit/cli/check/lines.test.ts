import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { InputError, linesOf } from '../../../../src/cli/check/lines.ts';

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of [...sizes, bytes.length]) {
    if (from < bytes.length) yield bytes.subarray(from, from + size);
    from += size;
  }
}

const linesIn = (bytes: Buffer, most = 1_000, sizes: readonly number[] = []): Promise<string[]> =>
  Array.fromAsync(linesOf(cut(bytes, sizes), most));

describe('lines of a stream', () => {
  it('end with CR LF, LF or the end, wherever the octets are cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
    const lines = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(lines, fc.array(fc.integer({ min: 1, max: 5 })), async (given, sizes) => {
        const bytes = Buffer.from(given.map(([text, end]) => `${text}${end}`).join(''));
        assert.deepEqual(
          await linesIn(bytes, 1_000, sizes),
          given.map(([text]) => text),
        );
      }),
    );
    assert.deepEqual(await linesIn(Buffer.from('a\nb')), ['a', 'b']);
    assert.deepEqual(await linesIn(Buffer.from('a\n\nb\n')), ['a', '', 'b']);
  });

  it('may have as many octets as is said, and not one more, however they come', async () => {
    assert.deepEqual(await linesIn(Buffer.from('abc\n'), 3), ['abc']);
    await assert.rejects(
      linesIn(Buffer.from('x\nabcd\n'), 3),
      /^InputError: line 2 is longer than 3 octets$/,
    );
    await assert.rejects(linesIn(Buffer.from('abcd'), 3, [1, 1, 1]), InputError);
  });

  it('without an end are not kept beyond the limit', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; given < 1_000_000; given += 1_000) yield Buffer.alloc(1_000, 'x');
    }
    await assert.rejects(Array.fromAsync(linesOf(endless(), 10_000)), InputError);
    assert.ok(given < 20_000);
  });

  it('are UTF-8', async () => {
    await assert.rejects(linesIn(Buffer.from([0x61, 0xff, 0x0a])), /line 1 is not UTF-8/);
  });
});
