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

async function read(text: string): Promise<readonly string[]> {
  const file = join(folder, 'saved.json');
  await writeFile(file, text);
  const found = await Array.fromAsync(savedRecordings(file));
  return found.map((parsed) =>
    parsed.kind === 'ok'
      ? `${parsed.value.target.kind} ${parsed.value.durationMs}`
      : parsed.because.replace(file, 'FILE'),
  );
}

describe('--from', () => {
  it('takes one object, a list of them, and one a line', async () => {
    assert.deepEqual(await read(JSON.stringify(saved())), ['domain 812']);
    assert.deepEqual(await read(JSON.stringify(saved(), undefined, 2)), ['domain 812']);
    const both = ['domain 812', 'address 812'];
    assert.deepEqual(await read(JSON.stringify([saved(), saved(other)], undefined, 2)), both);
    assert.deepEqual(await read(`${JSON.stringify(saved())}\n\n${JSON.stringify(saved(other))}\n`), both);
    assert.deepEqual(await read('[]'), []);
  });

  const wrong: readonly (readonly [string, string, readonly RegExp[]])[] = [
    ['nothing', '', [/^FILE: it is empty$/]],
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

  it('says where there is no file', async () => {
    const [parsed] = await Array.fromAsync(savedRecordings(join(folder, 'none')));
    assert.match(parsed?.kind === 'invalid' ? parsed.because : '', /ENOENT/);
  });
});
