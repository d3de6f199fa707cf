import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { readSmallFile } from '../../../src/relay/read-file.ts';

const MOST = 4 * 1024 * 1024;
const folder = await mkdtemp(join(tmpdir(), 'waxwing-read-'));
after(() => rm(folder, { recursive: true }));
const path = join(folder, 'file');

it('a file is read whole, up to 4 MiB', async () => {
  for (const size of [0, 1, MOST]) {
    await writeFile(path, Buffer.alloc(size, 'x'));
    const read = await readSmallFile(path);
    assert.equal(read.kind === 'ok' && read.value.length, size);
  }
});

it('a larger one is not, and one without an end neither', async () => {
  await writeFile(path, Buffer.alloc(MOST + 1));
  for (const large of [path, '/dev/zero']) {
    assert.deepEqual(await readSmallFile(large), {
      kind: 'invalid',
      because: `${large} is larger than 4194304 bytes`,
    });
  }
});

it('what cannot be read is named with the reason', async () => {
  for (const [where, message] of [
    [join(folder, 'none'), /^cannot be read: ENOENT: .*none/],
    [folder, /^cannot be read: EISDIR/],
  ] as const) {
    const read = await readSmallFile(where);
    assert.match(read.kind === 'invalid' ? read.because : '', message);
  }
});
