/**
 * Packages unpacked once each, and roots made of links to their files.
 *
 * The sets of packages share most of what they need, and unpacking is most of the work of making a root. A file is one
 * in all roots that have it, so nothing may be written into it: what a root changes is a file of its own first.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from './command.ts';

/** Debian's merged /usr, which its installer makes before it unpacks anything. */
const merged = ['bin', 'sbin', 'lib', 'lib64'];

/** Makes a root of these archives: the files of the later ones take the place of those of earlier ones. */
export async function unpackInto(root: string, archives: readonly string[], store: string): Promise<void> {
  await skeleton(root);
  const whole = realpathSync(root);
  for (const archive of archives) link(await unpackOnce(archive, store), whole, whole);
}

/** @returns the folder with the files of the archive. */
async function unpackOnce(archive: string, store: string): Promise<string> {
  const done = join(store, basename(archive, '.deb'));
  if (existsSync(done)) return done;
  const unfinished = `${done}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await skeleton(unfinished);
  // Not dpkg-deb --extract: it puts folders in the place of the links of the merged /usr.
  const unpack = ['doc', 'man', 'info', 'locale'].reduce(
    (line, part) => `${line} --exclude=./usr/share/${part}`,
    'dpkg-deb --fsys-tarfile "$1" | tar -x -p --keep-directory-symlink -C "$2"',
  );
  const unpacked = await runCommand('sh', ['-c', unpack, 'sh', archive, unfinished]);
  if (unpacked.code !== 0) throw new Error(`${basename(archive)}: ${unpacked.stderr.trim()}`);
  await rename(unfinished, done);
  return done;
}

async function skeleton(root: string): Promise<void> {
  for (const part of merged) {
    await mkdir(join(root, 'usr', part), { recursive: true });
    await symlink(`usr/${part}`, join(root, part));
  }
}

/** Links what is in one folder into another one; folders are made, with owner and mode. */
function link(from: string, to: string, root: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (!entry.isDirectory()) {
      rmSync(target, { force: true });
      linkSync(source, target);
      continue;
    }
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (there === undefined) mkdirSync(target);
    if (there?.isSymbolicLink() !== true) copyRights(source, target);
    // A link to a folder stays, as tar and dpkg leave it; one that leads out of the root would be the host's.
    const folder = realpathSync(target);
    if (!folder.startsWith(`${root}/`)) throw new Error(`${target} leads out of the root`);
    link(source, folder, root);
  }
}

function copyRights(source: string, target: string): void {
  const { uid, gid, mode } = lstatSync(source);
  chownSync(target, uid, gid);
  chmodSync(target, mode & 0o7777);
}
