import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { InputError } from '../../../../src/cli/check/lines.ts';
import { asText } from '../../../../src/cli/check/list-octets.ts';

async function* chunks(...octets: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* octets;
}

describe('a list that is no text with lines', () => {
  for (const [what, octets, says] of [
    ['packed', gzipSync('a.test\n'), /gzip/],
    ['UTF-16', Buffer.from('\ufeffa.test\r\n', 'utf16le'), /iconv/],
    ['UTF-16 without a mark', Buffer.from('a.test\r\n', 'utf16le'), /iconv/],
    ['of lines that end with CR', Buffer.from('a.test\rb.test\r'), /CR alone/],
  ] as const) {
    it(`is told as what it is: ${what}`, async () => {
      await assert.rejects(
        Array.fromAsync(asText(chunks(octets))),
        (error) => error instanceof InputError && says.test(error.message),
      );
    });
  }

  it('one that is text comes as it is', async () => {
    for (const text of ['', 'a.test', '\ufeffa.test\r\nb.test', 'a.test\r', 'a.test\n\rb.test']) {
      const octets = Buffer.from(text);
      const read = await Array.fromAsync(asText(chunks(octets.subarray(0, 7), octets.subarray(7))));
      assert.equal(Buffer.concat(read).toString(), text);
    }
  });
});
