import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readInput } from '../../../../src/cli/sendmail/input.ts';

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, dotIsText: boolean, size = 1_000, most = 100_000): Promise<string> {
  const input = await readInput(pieces(text, size), { most, dotIsText });
  return input.kind === 'ok' ? input.bytes.toString('latin1') : `${input.code}: ${input.because}`;
}

describe('the line that is only a dot', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a\n.\nb\n', 'a\n'],
    ['a\r\n.\r\nb\r\n', 'a\r\n'],
    ['.\nb', ''],
    ['a\n.', 'a\n'],
    ['.', ''],
    ['a\n..\nb\n', 'a\n..\nb\n'],
    ['a.\nb\n', 'a.\nb\n'],
    ['a\n.b\n', 'a\n.b\n'],
    ['a\n.\rb\n', 'a\n.\rb\n'],
    ['', ''],
  ];
  for (const [text, kept] of cases) {
    it(`ends ${JSON.stringify(text)}, however the octets come`, async () => {
      for (let size = 1; size <= text.length + 1; size++)
        assert.equal(await read(text, false, size), kept, `in pieces of ${size}`);
    });
  }

  it('is text with -i', async () => {
    assert.equal(await read('a\n.\nb\n', true), 'a\n.\nb\n');
  });

  it('means the same in pieces of any size', async () => {
    const text = fc.array(fc.constantFrom('.', '\n', '\r\n', 'x'), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 5 }), async (parts, size) => {
        assert.equal(await read(parts.join(''), false, size), await read(parts.join(''), false));
      }),
    );
  });
});

describe('limits', () => {
  it('takes as many octets as are allowed, and not one more', async () => {
    assert.equal(await read('x'.repeat(10), true, 3, 10), 'x'.repeat(10));
    assert.equal(await read('x'.repeat(11), true, 3, 10), '65: the message has more than 10 octets');
  });

  it('says so where stdin cannot be read', async () => {
    const next = (): Promise<never> => Promise.reject(new Error('EIO'));
    const broken = { [Symbol.asyncIterator]: () => ({ next }) };
    const input = await readInput(broken, { most: 10, dotIsText: true });
    assert.deepEqual(input, { kind: 'failed', code: 66, because: 'the message cannot be read: EIO' });
  });
});
