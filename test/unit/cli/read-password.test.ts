import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PasswordInput, readPassword } from '../../../src/cli/read-password.ts';

/** A stream that brings these pieces; as a terminal it goes on for ever. */
function input(
  pieces: readonly (string | Uint8Array)[],
  terminal?: { raw: boolean[]; closed: boolean },
): PasswordInput {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of pieces) yield Buffer.from(piece);
      if (terminal !== undefined) await new Promise(() => undefined);
    } finally {
      if (terminal !== undefined) terminal.closed = true;
    }
  }
  return {
    isTTY: terminal !== undefined,
    setRawMode: (on) => terminal?.raw.push(on),
    [Symbol.asyncIterator]: () => bytes(),
  };
}

const silent = (): never => assert.fail('nobody is there to be asked');

describe('a password on a stream', () => {
  for (const [why, pieces, expected] of [
    ['is everything up to its end', ['gehe', '1m'], 'gehe1m'],
    ['loses the end of its line', ['gehe1m\n'], 'gehe1m'],
    ['loses no space', [' gehe1m \r\n'], ' gehe1m '],
    ['is UTF-8, wherever it is cut', [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)], 'ü'],
  ] as const) {
    it(why, async () =>
      assert.deepEqual(await readPassword(input(pieces), silent), { kind: 'ok', value: expected }),
    );
  }

  for (const [why, pieces] of [
    ['nothing', []],
    ['an empty line', ['\n']],
    ['two lines', ['a\nb\n']],
    ['more than 255 octets', ['x'.repeat(256)]],
    ['no end', Array.from({ length: 3000 }, () => 'x'.repeat(100))],
  ] as const) {
    it(`is not ${why}`, async () => {
      const read = await readPassword(input(pieces), silent);
      assert.match(read.kind === 'invalid' ? read.because : '', /^what was entered is not a password/);
    });
  }
});

describe('a password on a terminal', () => {
  async function type(...pieces: readonly string[]) {
    const terminal = { raw: [] as boolean[], closed: false };
    let asked = '';
    const read = await readPassword(input(pieces, terminal), (text) => {
      asked += text;
    });
    assert.deepEqual(terminal, { raw: [true, false], closed: true }, 'the terminal is given back');
    return { read, asked };
  }

  it('is typed twice, key by key or pasted, and not shown', async () => {
    for (const pieces of [['g', 'e', 'h', '\r', 'geh', '\r'], ['geh\rgeh\r'], ['geh\n', 'geh\n']]) {
      const { read, asked } = await type(...pieces);
      assert.deepEqual(read, { kind: 'ok', value: 'geh' });
      assert.equal(asked, 'Password: \nAgain: \n');
    }
  });

  it('can be corrected', async () => {
    const { read } = await type('gex\u007fhü\b\u007f\u007f\u007f\u007fab\r', 'ab\r');
    assert.deepEqual(read, { kind: 'ok', value: 'ab' });
  });

  it('has to be the same both times', async () => {
    const { read } = await type('a\r', 'b\r');
    assert.deepEqual(read, { kind: 'invalid', because: 'the two passwords are not the same' });
  });

  for (const [name, key] of [
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ] as const) {
    it(`is given up with ${name}`, async () => {
      assert.equal((await type(`abc${key}`)).read.kind, 'invalid');
      assert.equal((await type('abc\r', key)).read.kind, 'invalid');
    });
  }
});
