/** The folder in which users of this host leave mail: who may do what in it, and what lies there. */
import { constants, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, opendir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ABOUT_FILE,
  DROP_FOLDER,
  formatAbout,
  isSpoolName,
  isUnfinishedName,
  type SpoolAbout,
} from './spool-file.ts';

/** Below the spool: what lay in the drop folder and is no message. */
const ASIDE_FOLDER = 'aside';
const SPOOL_MODE = 0o755;
/**
 * Everybody may add a file and nobody list them, or touch what is somebody else's (sticky). A new file belongs to whoever
 * made it, which says who dropped it, and to our group, so that only its owner and we can read it.
 */
const DROP_MODE = 0o3733;
const PRIVATE_MODE = 0o700;
const ABOUT_MODE = 0o644;
/** What was not finished in this time has no writer any more. */
const UNFINISHED_MS = 24 * 60 * 60 * 1000;

/** A message as it lies there; `owner` is the user id of whoever dropped it. */
type DroppedFile =
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly owner: number }
  | { readonly kind: 'gone' }
  /** It is bigger than was asked for. */
  | { readonly kind: 'big'; readonly octets: number; readonly owner: number }
  /** It is none that `waxwing sendmail` writes. */
  | { readonly kind: 'foreign'; readonly owner: number | undefined; readonly because: string };

export interface SpoolFolder {
  /** Where messages are dropped. */
  readonly drop: string;
  /** Tells those who drop messages what holds here. */
  tell(about: SpoolAbout): Promise<void>;
  /**
   * Names of messages, in no order; removes what was left unfinished long ago.
   *
   * @returns `others`: how many files have names that are none of ours.
   */
  list(most: number, now: number): Promise<{ readonly names: readonly string[]; readonly others: number }>;
  /** @param most octets. */
  read(name: string, most: number): Promise<DroppedFile>;
  /** Takes it out of the way without reading it. */
  putAside(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/**
 * Makes the folders where they are missing.
 *
 * @param uid ours. @throws Error where one of them is somebody else's, or cannot be made.
 */
export async function openSpoolFolder(path: string, uid: number): Promise<SpoolFolder> {
  const drop = join(path, DROP_FOLDER);
  const aside = join(path, ASIDE_FOLDER);
  await ownFolder(path, SPOOL_MODE, uid);
  await ownFolder(aside, PRIVATE_MODE, uid);
  await ownFolder(drop, DROP_MODE, uid);
  return {
    drop,
    tell: (about) => replaceAbout(path, about),
    list: (most, now) => list(drop, most, now),
    read: (name, most) => readDropped(join(drop, name), most),
    putAside: (name) => rename(join(drop, name), join(aside, name)),
    remove: (name) => unlink(join(drop, name)),
  };
}

async function ownFolder(path: string, mode: number, uid: number): Promise<void> {
  await mkdir(path, { mode: PRIVATE_MODE }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`the spool ${path} is not a folder`);
  if (found.uid !== uid)
    throw new Error(
      `the spool ${path} belongs to user id ${found.uid}: it has to be that of waxwing, ${uid}`,
    );
  // Not by mkdir, which leaves out what the umask says.
  if ((found.mode & 0o7777) !== mode) await chmod(path, mode);
}

async function replaceAbout(path: string, about: SpoolAbout): Promise<void> {
  const arriving = join(path, `${ABOUT_FILE}.new`);
  await rm(arriving, { force: true });
  await writeFile(arriving, formatAbout(about), { flag: 'wx', mode: ABOUT_MODE, flush: true });
  await chmod(arriving, ABOUT_MODE);
  await rename(arriving, join(path, ABOUT_FILE));
}

async function list(
  drop: string,
  most: number,
  now: number,
): Promise<{ readonly names: readonly string[]; readonly others: number }> {
  const names: string[] = [];
  let others = 0;
  for await (const entry of await opendir(drop)) {
    const { name } = entry;
    // A folder of somebody else cannot be put aside, and would be found again each time.
    if (isSpoolName(name) && !entry.isDirectory()) names.push(name);
    else {
      others += 1;
      if (isUnfinishedName(name)) await removeOld(join(drop, name), now);
    }
    if (names.length === most) break;
  }
  return { names, others };
}

async function removeOld(path: string, now: number): Promise<void> {
  try {
    const { mtimeMs } = await lstat(path);
    if (mtimeMs < now - UNFINISHED_MS) await unlink(path);
  } catch {
    // Its writer has finished it meanwhile, or it is no file.
  }
}

async function readDropped(path: string, most: number): Promise<DroppedFile> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // A link would lead to somebody else's file, and without NONBLOCK a pipe would stop us for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { kind: 'gone' };
    // Of everything else the medium says that it fails, and the file stays.
    if (code !== 'ELOOP' && code !== 'EACCES' && code !== 'ENXIO') throw error;
    return { kind: 'foreign', owner: undefined, because: `it cannot be opened (${code})` };
  }
  try {
    const facts = await handle.stat();
    const because = strangeness(facts);
    if (because !== undefined) return { kind: 'foreign', owner: facts.uid, because };
    if (facts.size > most) return { kind: 'big', octets: facts.size, owner: facts.uid };
    const bytes = Buffer.alloc(facts.size);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      filled += bytesRead;
      if (bytesRead === 0 || filled === bytes.length) break;
    }
    return { kind: 'file', bytes: bytes.subarray(0, filled), owner: facts.uid };
  } finally {
    await handle.close();
  }
}

function strangeness(facts: Pick<Stats, 'isFile' | 'nlink' | 'mode'>): string | undefined {
  if (!facts.isFile()) return 'it is not a file';
  // Its owner is whoever wrote it, and not whoever dropped it.
  if (facts.nlink !== 1) return 'it has a second name elsewhere';
  if ((facts.mode & 0o022) !== 0) return 'others than its owner may write to it';
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
