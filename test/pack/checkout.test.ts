/** `./waxwing` in a checkout: the command from source, from wherever it is called. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');
const command = join(checkout, 'waxwing');

describe('./waxwing', () => {
  let place = '';
  let version = '';
  before(async () => {
    // A folder name with a space, as home folders may have.
    place = await mkdtemp(join(tmpdir(), 'waxwing link '));
    const manifest: { version: string } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
    version = `${manifest.version}\n`;
  });
  after(() => rm(place, { recursive: true, force: true }));

  it('runs from another folder', async () => {
    assert.equal((await run(command, ['--version'], { cwd: place })).stdout, version);
  });

  it('runs through an absolute link, a relative link, and a link to a link', async () => {
    const below = join(place, 'bin');
    await mkdir(below);
    await symlink(command, join(below, 'absolute'));
    await symlink(relative(below, command), join(below, 'relative'));
    await symlink('bin/relative', join(place, 'twice'));
    for (const link of ['bin/absolute', 'bin/relative', 'twice']) {
      const said = await run(join(place, link), ['--version'], { cwd: tmpdir() });
      assert.equal(said.stdout, version, link);
    }
    assert.equal((await run('../twice', ['--version'], { cwd: below })).stdout, version);
  });

  it('runs through a link that is found in PATH', async () => {
    const env = { ...process.env, PATH: `${join(place, 'bin')}:${process.env['PATH'] ?? ''}` };
    assert.equal((await run('relative', ['--version'], { cwd: place, env })).stdout, version);
  });

  it('hands its arguments and its exit code through', async () => {
    const wrong = await run(command, ['send', '--to', 'no address'], { cwd: place }).catch(
      (error: { code: number }) => error,
    );
    assert.ok('code' in wrong);
    assert.equal(wrong.code, 64);
  });
});
