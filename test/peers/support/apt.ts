/**
 * Debian's packages without touching the host: apt with lists, status and cache of its own.
 *
 * The status is empty, so apt names everything a program needs and not only what this host lacks: a peer
 * then runs the same on a full workstation and on a bare machine.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';

const listsAreFreshFor = 24 * 3600 * 1000;

/** A package that apt chose. */
export interface Chosen {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/**
 * Chooses the packages that the named ones need, with fresh lists.
 *
 * @param release Debian's name of the release they come from; null: the one that the host runs.
 */
export async function choosePackages(
  folder: string,
  packages: readonly string[],
  release: string | null,
): Promise<Chosen[]> {
  await prepare(folder, release);
  const stamp = join(folder, 'updated');
  const updated = await stat(stamp).catch(() => null);
  if (updated === null || Date.now() - updated.mtimeMs > listsAreFreshFor) {
    await apt(folder, ['update', '--error-on=any']);
    await writeFile(stamp, '');
  }
  const said = await apt(folder, ['install', '--simulate', ...packages]);
  const chosen: Chosen[] = [];
  for (const line of said.matchAll(/^Inst (\S+) \((\S+) .*\[(\S+)\]\)/gm)) {
    const [, name = '', version = '', architecture = ''] = line;
    chosen.push({ name, version, architecture });
  }
  return chosen;
}

/** Downloads packages with everything they need, checked against the signed lists; answers where they lie. */
export async function downloadPackages(folder: string, packages: readonly string[]): Promise<string> {
  await apt(folder, ['install', '--download-only', '--yes', ...packages]);
  return join(folder, 'cache', 'archives');
}

async function apt(folder: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const done = await runCommand('apt-get', ['-q', '-c', join(folder, 'apt.conf'), ...args], { env });
  if (done.code === 0) return done.stdout;
  const error = done.stderr.split('\n').find((line) => line.startsWith('E: '));
  throw new Error(`apt-get ${args[0]}: ${error ?? done.stderr.trim()}`);
}

async function prepare(folder: string, release: string | null): Promise<void> {
  for (const part of ['lists/partial', 'cache/archives/partial', 'sources']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'apt.conf'), configuration(folder));
  for (const [name, text] of await debianSources(release)) {
    await writeFile(join(folder, 'sources', name), text);
  }
}

function configuration(folder: string): string {
  return [
    // The host's hooks would clean its own cache, and wake its package services.
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear DPkg::Pre-Install-Pkgs;',
    '#clear DPkg::Post-Invoke;',
    '#clear Acquire::IndexTargets::deb::DEP-11;',
    `Dir::State "${folder}";`,
    `Dir::State::lists "${join(folder, 'lists')}";`,
    `Dir::State::status "${join(folder, 'status')}";`,
    `Dir::Cache "${join(folder, 'cache')}";`,
    'Dir::Cache::pkgcache "pkgcache.bin";',
    'Dir::Cache::srcpkgcache "srcpkgcache.bin";',
    `Dir::Log "${folder}";`,
    'Dir::Etc::sourcelist "/dev/null";',
    `Dir::Etc::sourceparts "${join(folder, 'sources')}";`,
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    // The checkout may lie where the user _apt cannot go.
    'APT::Sandbox::User "root";',
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'Acquire::http::Timeout "30";',
    'Acquire::https::Timeout "30";',
    '',
  ].join('\n');
}

/** The host's own sources, less those of third parties: theirs may be out of reach, and are not needed. */
async function debianSources(release: string | null): Promise<Map<string, string>> {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  if (codename === undefined) throw new Error('the system has no VERSION_CODENAME: not Debian');
  const suite = new RegExp(`(?<=\\s)${codename}(-updates|-security)?(/updates)?(?=\\s)`);
  const folder = '/etc/apt/sources.list.d';
  const files = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  const found = new Map<string, string>();
  for (const file of ['/etc/apt/sources.list', ...files]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const oneLine = file.endsWith('.list');
    const entries = text.split(oneLine ? /\n/ : /\n\s*\n/);
    const kept = entries.filter((entry) => (oneLine ? suite.test(entry) : suite.test(suites(entry))));
    const name = file.replace(/^.*\/(sources\.list$)?/, '') || 'main.list';
    if (kept.length > 0 && /\.(list|sources)$/.test(name)) {
      const listed = `${kept.join(oneLine ? '\n' : '\n\n')}\n`;
      // The releases lie side by side in the same archive.
      found.set(name, listed.replaceAll(codename, release ?? codename));
    }
  }
  if (found.size === 0) throw new Error(`apt has no source of ${codename} packages`);
  return found;
}

function suites(stanza: string): string {
  return ` ${/^Suites:(.*)$/m.exec(stanza)?.[1] ?? ''} `;
}
