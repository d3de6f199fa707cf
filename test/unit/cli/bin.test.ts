import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, it } from 'node:test';

const bin = join(import.meta.dirname, '../../../src/cli/bin.ts');
const folder = mkdtempSync(join(tmpdir(), 'waxwing-bin-'));
after(() => rmSync(folder, { recursive: true }));

/** A Node older than 24 outside node_modules, which npm puts first in PATH. */
function findOldNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((place) => !place.includes('node_modules'))
    .map((place) => join(place, 'node'))
    .find(
      (node) =>
        Number(/^v([0-9]+)/.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]) <
        24,
    );
}

const oldNode = findOldNode();

it('on a Node older than 24 says what it needs, and exits with 1', {
  skip: oldNode === undefined ? 'no node older than 24 in PATH' : false,
}, () => {
  // As it is published: without types.
  const published = join(folder, 'bin.mjs');
  writeFileSync(published, stripTypeScriptTypes(readFileSync(bin, 'utf8')));
  const run = spawnSync(oldNode ?? '', [published, '--version'], { encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /^waxwing needs Node\.js 24 or newer; this is v[0-9.]+ \(.*node\)\.\n$/);
});

it('says that its output cannot be written, and exits with 2', {
  skip: existsSync('/dev/full') ? false : 'no /dev/full here',
}, () => {
  const full = openSync('/dev/full', 'w');
  const run = spawnSync(process.execPath, [bin, 'config', 'init'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  assert.match(run.stderr, /^error: cannot write to stdout: ENOSPC[^\n]*\n$/);
  assert.equal(run.status, 2);
});

it('on this Node runs the command', () => {
  const run = spawnSync(process.execPath, [bin, '--version'], { encoding: 'utf8' });
  assert.deepEqual([run.status, run.stderr], [0, '']);
  assert.match(run.stdout, /^[0-9]+\.[0-9]+\.[0-9]+\n$/);
});
