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

const linesIn = async (bytes: Buffer, most = 1_000, sizes: readonly number[] = []): Promise<string[]> => {
  const read = await Array.fromAsync(linesOf(cut(bytes, sizes), most));
  return read.map((line) => (line.kind === 'ok' ? line.value : `(${line.because})`));
};

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
    for (const sizes of [[], [1, 1, 1], [3, 1, 2]]) {
      assert.deepEqual(await linesIn(Buffer.from('x\nabcd\nabc\nabcdefgh'), 3, sizes), [
        'x',
        '(line 2 is longer than 3 octets)',
        'abc',
        '(line 4 is longer than 3 octets)',
      ]);
    }
  });

  it('without an end are neither kept beyond the limit nor read for ever', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; given < 1_000_000; given += 1_000) yield Buffer.alloc(1_000, 'x');
    }
    await assert.rejects(Array.fromAsync(linesOf(endless(), 1_000)), InputError);
    assert.ok(given < 257_000);
  });

  it('are UTF-8; one that is not is told with what it begins with, and the next follow', async () => {
    const read = await Array.fromAsync(linesOf(cut(Buffer.from([0x61, 0xff, 0x0a, 0x62]), []), 100));
    assert.deepEqual(read, [
      { kind: 'invalid', because: 'line 1 is not UTF-8', head: 'a\xff' },
      { kind: 'ok', value: 'b' },
    ]);
  });
});
