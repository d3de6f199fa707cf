import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const versions = z.record(z.string(), z.string()).default({});
const manifest = z
  .object({ dependencies: versions, devDependencies: versions })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        integrity: z.string().optional(),
        dependencies: versions,
        devDependencies: versions,
        optionalDependencies: versions,
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))).packages;

/** Whether npm finds a package for whoever needs it: in its own node_modules, else in those above it. */
function resolves(name: string, from: string): boolean {
  const folders = [from];
  for (let folder = from; folder !== ''; folders.push(folder)) {
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1));
  }
  return folders.some((folder) => lock[`${folder}/node_modules/${name}`.replace(/^\//, '')] !== undefined);
}

describe('package.json', () => {
  const pins = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  it('pins every dependency exactly', () => {
    assert.notEqual(pins.length, 0);
    assert.deepEqual(
      pins.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)),
      [],
    );
  });

  it('and the lock file has these very versions', () => {
    assert.deepEqual(lock['']?.dependencies, manifest.dependencies);
    assert.deepEqual(lock['']?.devDependencies, manifest.devDependencies);
    assert.deepEqual(
      pins.filter(([name, version]) => lock[`node_modules/${name}`]?.version !== version),
      [],
    );
  });
});

describe('package-lock.json', () => {
  it('holds every optional dependency that a package names, or it cannot be installed on other platforms', () => {
    const optional = Object.entries(lock).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies).map((name) => ({ name, path })),
    );
    assert.ok(optional.length > 20, 'tools of several platforms are installed this way');
    assert.equal(resolves('no-such-package', 'node_modules/zod'), false);
    assert.deepEqual(
      optional.filter(({ name, path }) => !resolves(name, path)),
      [],
    );
  });

  it('holds every dependency that a package needs', () => {
    const needed = Object.entries(lock).flatMap(([path, entry]) =>
      Object.keys(entry.dependencies).map((name) => ({ name, path })),
    );
    assert.deepEqual(
      needed.filter(({ name, path }) => !resolves(name, path)),
      [],
    );
  });

  it('knows the checksum of every package', () => {
    const paths = Object.keys(lock).filter((path) => path !== '');
    assert.deepEqual(
      paths.filter((path) => lock[path]?.integrity?.startsWith('sha512-') !== true),
      [],
    );
  });
});
