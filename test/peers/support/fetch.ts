/**
 * Real mail servers and clients for tests: Debian's packages, unpacked below the checkout, never installed.
 *
 * A root is made once, for one set of packages and its versions, and is only read afterwards.
 * `PEERS_REFRESH=1` asks apt again whether newer versions are out.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { choosePackages, downloadPackages } from './apt.ts';
import { group, type PeerName, packagesOf, passwd, releaseOf } from './catalog.ts';
import { runCommand } from './command.ts';
import { withLock } from './lock.ts';
import { unpackInto } from './unpack.ts';

/** A peer's root, or why it cannot be had here. */
export type Fetched =
  | { readonly kind: 'ready'; readonly root: string }
  | { readonly kind: 'unavailable'; readonly because: string };

/** Changed by hand when the making of a root changes, so that those made before are made again. */
const edition = '2';
const aWeek = 7 * 24 * 3600 * 1000;
const home = join(import.meta.dirname, '../../../.peers');
/** Commands that write to a queue as its group, by the group's number. */
const commandsOfGroups: Readonly<Record<string, number>> = {
  'usr/sbin/postdrop': 102,
  'usr/sbin/postqueue': 102,
  'usr/sbin/smtpctl': 106,
};
const known = new Map<PeerName, Promise<Fetched>>();

/** Fetches the packages of a peer with all they need, once, and answers where they are unpacked. */
export function fetchPeer(name: PeerName): Promise<Fetched> {
  const earlier = known.get(name);
  if (earlier !== undefined) return earlier;
  const fetched = tryToFetch(name);
  known.set(name, fetched);
  return fetched;
}

async function tryToFetch(name: PeerName): Promise<Fetched> {
  const because = await whyNoSandbox();
  if (because !== null) return { kind: 'unavailable', because };
  try {
    const wanted = packagesOf(name);
    const recipe = digest([edition, releaseOf(name) ?? '', ...wanted, ...passwd, ...group]);
    const ready = await newestRoot(name, recipe);
    if (ready !== null && process.env['PEERS_REFRESH'] !== '1') return { kind: 'ready', root: ready };
    // Set by run.ts, so that each test file need not wait for the network to refuse again.
    const told = process.env['PEERS_UNAVAILABLE'];
    if (told !== undefined) return { kind: 'unavailable', because: told };
    await mkdir(home, { recursive: true });
    const root = await withLock(join(home, 'lock'), () => makeRoot(name, recipe, ready));
    return { kind: 'ready', root };
  } catch (error) {
    return { kind: 'unavailable', because: error instanceof Error ? error.message : String(error) };
  }
}

async function whyNoSandbox(): Promise<string | null> {
  if (process.platform !== 'linux') return 'real peers run on Linux only';
  if (process.getuid?.() !== 0) return 'real peers need root, for a mount namespace of their own';
  const tried = await runCommand('unshare', ['-m', '-i', '-p', '-f', 'mount', '-t', 'tmpfs', 'x', '/tmp']);
  return tried.code === 0 ? null : `no private namespaces: ${tried.stderr.trim()}`;
}

async function newestRoot(name: PeerName, recipe: string): Promise<string | null> {
  const all = await readdir(join(home, 'roots')).catch(() => []);
  const ours = all.filter((entry) => entry.startsWith(`${name}@`) && entry.endsWith(`~${recipe}`));
  const newest = ours.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return newest === undefined ? null : join(home, 'roots', newest);
}

async function makeRoot(name: PeerName, recipe: string, earlier: string | null): Promise<string> {
  const release = releaseOf(name);
  const apt = join(home, release === null ? 'apt' : `apt-${release}`);
  const wanted = packagesOf(name);
  // Whoever held the lock before us may have made it.
  const made = earlier === null ? await newestRoot(name, recipe) : null;
  if (made !== null) return made;
  const chosen = await choosePackages(apt, wanted, release);
  const leading = chosen.find((one) => one.name === wanted[0]);
  if (leading === undefined) throw new Error(`apt does not know ${wanted[0]}`);
  const versions = digest(chosen.map((one) => `${one.name}=${one.version}`));
  const root = join(home, 'roots', `${name}@${leading.version}~${versions}~${recipe}`);
  if (existsSync(root)) return root;
  const archives = await downloadPackages(apt, wanted);
  const files = chosen.map(
    (one) => `${one.name}_${one.version.replaceAll(':', '%3a')}_${one.architecture}.deb`,
  );
  const unfinished = join(home, 'unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await build(
    unfinished,
    files.map((file) => join(archives, file)),
  );
  await writeFile(
    join(unfinished, 'packages'),
    chosen.map((one) => `${one.name} ${one.version}\n`),
  );
  await mkdir(join(home, 'roots'), { recursive: true });
  await removeOldRoots(name, recipe);
  await rename(unfinished, root);
  return root;
}

/** Those of the same recipe are replaced; those of others may be in use, by another state of the checkout. */
async function removeOldRoots(name: PeerName, recipe: string): Promise<void> {
  const roots = join(home, 'roots');
  for (const old of (await readdir(roots)).filter((entry) => entry.startsWith(`${name}@`))) {
    const age = Date.now() - (await stat(join(roots, old))).mtimeMs;
    if (old.endsWith(`~${recipe}`) || age > aWeek)
      await rm(join(roots, old), { recursive: true, force: true });
  }
}

async function build(root: string, archives: readonly string[]): Promise<void> {
  const store = join(home, 'unpacked', edition);
  await mkdir(store, { recursive: true });
  await unpackInto(root, archives, store);
  await settle(root);
}

/** What the packages' own installation scripts would have done, as far as tests need it. */
async function settle(root: string): Promise<void> {
  for (const part of ['etc', 'var', 'var/spool', 'var/lib', 'var/log', 'run', 'tmp', 'peer', 'dev', 'proc']) {
    await mkdir(join(root, part), { recursive: true });
  }
  for (const link of ['run', 'lock']) {
    await rm(join(root, 'var', link), { recursive: true, force: true });
    await symlink(link === 'run' ? '/run' : '/run/lock', join(root, 'var', link));
  }
  const files = {
    passwd: `${passwd.join('\n')}\n`,
    group: `${group.join('\n')}\n`,
    // Names come out of /etc/hosts only: no peer ever asks another host's DNS.
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    'resolv.conf': '',
  };
  for (const [name, text] of Object.entries(files)) {
    await rm(join(root, 'etc', name), { force: true });
    await writeFile(join(root, 'etc', name), text, { flag: 'wx' });
  }
  for (const [command, owner] of Object.entries(commandsOfGroups)) {
    const file = join(root, command);
    if (!existsSync(file)) continue;
    // Of its own, as the rights of a file are those of all its links.
    await copyFile(file, `${file}.own`);
    await rename(`${file}.own`, file);
    await chown(file, 0, owner);
    await chmod(file, 0o2555);
  }
  await chmod(root, 0o755);
}

function digest(words: readonly string[]): string {
  return createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 8);
}
