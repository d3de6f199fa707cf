import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeRecording } from '../../../../src/cli/check/recording.ts';
import { savedRecordings } from '../../../../src/cli/check/saved.ts';
import { recordingOf, unreachable } from './recordings.ts';
import { report } from './samples.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-saved-'));
});
after(() => rm(folder, { recursive: true }));

const one = recordingOf();
const other = unreachable('192.0.2.7');
const saved = (recording = one): object => report({ recording: writeRecording(recording) });

async function read(text: string, name?: '-'): Promise<readonly string[]> {
  const file = join(folder, 'saved.json');
  await writeFile(file, name === '-' ? 'not this' : text);
  const found = await Array.fromAsync(savedRecordings(name ?? file, stdin(text)));
  return found.map((parsed) =>
    parsed.kind === 'ok'
      ? `${parsed.value.target.kind} ${parsed.value.durationMs}`
      : parsed.because.replace(file, 'FILE'),
  );
}

async function* stdin(text = ''): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe('--from', () => {
  it('takes one object, a list of them, and one a line', async () => {
    assert.deepEqual(await read(JSON.stringify(saved())), ['domain 812']);
    assert.deepEqual(await read(JSON.stringify(saved(), undefined, 2)), ['domain 812']);
    const both = ['domain 812', 'address 812'];
    assert.deepEqual(await read(JSON.stringify([saved(), saved(other)], undefined, 2)), both);
    assert.deepEqual(await read(`${JSON.stringify(saved())}\n\n${JSON.stringify(saved(other))}\n`), both);
  });

  const wrong: readonly (readonly [string, string, readonly RegExp[]])[] = [
    ['nothing', '', [/^FILE: there is no result in it$/]],
    ['empty lines', '\n \n', [/^FILE: there is no result in it$/]],
    ['an empty list', '[]', [/^FILE: there is no result in it$/]],
    ['no JSON', 'example.com\n', [/^FILE: it is no JSON$/]],
    [
      'no JSON on its third line',
      `${JSON.stringify(saved())}\n\n{`,
      [/^domain 812$/, /^FILE:3: it is no JSON$/],
    ],
    [
      'something else',
      '{"schema":"waxwing.explain/1"}',
      [/^FILE:1: it is no result .* "waxwing\.explain\/1"$/],
    ],
    ['a value that is no object', '[1]', [/^FILE:1\[0\]: it is no result/]],
    [
      'a result without a recording',
      JSON.stringify({ ...saved(), recording: undefined }),
      [/^FILE:1: there is no recording in it: it was written with --no-recording$/],
    ],
    [
      'a recording that cannot be used',
      JSON.stringify({ ...saved(), recording: { certificates: {}, seen: {} } }),
      [/^FILE:1: the recording in it cannot be used: target: /],
    ],
  ];
  for (const [why, text, expected] of wrong) {
    it(`says what is wrong with ${why}`, async () => {
      const found = await read(text);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
    });
  }

  it('takes - for stdin, which can be of several lines, too', async () => {
    assert.deepEqual(await read(JSON.stringify([saved(), saved(other)], undefined, 2), '-'), [
      'domain 812',
      'address 812',
    ]);
    assert.deepEqual(await read('', '-'), ['stdin: there is no result in it']);
    assert.deepEqual(await read('{', '-'), ['stdin: it is no JSON']);
  });

  it('takes a byte order mark before the first value for what it is', async () => {
    assert.deepEqual(await read(`\ufeff${JSON.stringify(saved())}`), ['domain 812']);
    assert.deepEqual(await read(`\ufeff\ufeff${JSON.stringify(saved())}`), ['FILE: it is no JSON']);
  });

  it('says where there is no file', async () => {
    const [parsed] = await Array.fromAsync(savedRecordings(join(folder, 'none'), stdin()));
    assert.match(parsed?.kind === 'invalid' ? parsed.because : '', /^--from .*: there is no such file$/);
  });
});
