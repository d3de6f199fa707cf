import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createPrivateFile, openDataFolder } from '../../../src/store/data-folder.ts';

const room = import.meta.resolve('../../../src/store/data-folder.ts');
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('the data folder', () => {
  let parent: string;
  let path: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'waxwing-folder-'));
    path = join(parent, 'deep', 'data');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it('is created with its folders, for its owner only', () => {
    const folder = openDataFolder(path);
    assert.deepEqual(
      { path: folder.path, incoming: folder.incoming, bodies: folder.bodies },
      { path, incoming: join(path, 'incoming'), bodies: join(path, 'bodies') },
    );
    for (const made of [path, folder.incoming, folder.bodies]) assert.equal(modeOf(made), 0o700, made);
    folder.close();
  });

  it('serves one at a time, and says which folder is taken', () => {
    const folder = openDataFolder(path);
    assert.throws(() => openDataFolder(path), {
      name: 'DataFolderError',
      code: 'in-use',
      message: `another waxwing serves the data folder ${path}`,
    });
    folder.close();
    openDataFolder(path).close();
  });

  it('is free again when the process that held it is killed', async () => {
    const script = `import { openDataFolder } from ${JSON.stringify(room)};
      globalThis.folder = openDataFolder(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    assert.throws(() => openDataFolder(path), { code: 'in-use' });
    child.kill('SIGKILL');
    await once(child, 'close');
    openDataFolder(path).close();
  });

  it('says what stands in the way where it cannot be made', () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    assert.throws(() => openDataFolder(join(file, 'data')), { code: 'unusable', message: /ENOTDIR/ });
    assert.equal(existsSync(path), false);
  });
});

describe('createPrivateFile', () => {
  it('makes a file that only its owner reads, and leaves one that is there', () => {
    const parent = mkdtempSync(join(tmpdir(), 'waxwing-folder-'));
    const path = join(parent, 'queue.db');
    createPrivateFile(path);
    assert.equal(modeOf(path), 0o600);
    writeFileSync(path, 'content');
    createPrivateFile(path);
    assert.equal(statSync(path).size, 7);
    rmSync(parent, { recursive: true });
  });
});
