/**
 * A small file system of its own for a data folder: ext4 in a file, mounted where nobody else sees it.
 *
 * The kernel treats it as it treats a disk: it fills, and an error makes it read-only under whoever has files open. What
 * it does not have is a disk's own slowness and its own cache: a flush ends in the memory of the host.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../peers/support/command.ts';
import type { Waxwing } from '../../peers/support/waxwing.ts';

export interface Disk {
  /** Words to start Waxwing under, for `WaxwingOptions.under`. */
  readonly under: readonly string[];
  /** How it is mounted at the next start. */
  mountAs(mode: 'rw' | 'ro'): Promise<void>;
  /** Somebody else writes until so much is left, in octets. */
  fill(waxwing: Waxwing, leave: number): Promise<void>;
  /** What somebody else wrote is gone. */
  empty(waxwing: Waxwing): Promise<void>;
  /** The kernel meets an error, as it would on a disk that fails: nothing can be written any more. */
  fail(waxwing: Waxwing): Promise<void>;
  close(): Promise<void>;
}

/** It is looked over before each mount, as a host does when it boots. */
const mount = `
mkdir -p "$0"
e2fsck -p IMAGE >/dev/null || test $? -lt 4
mount -o "loop,$(cat MODE)" IMAGE "$0"
chmod 700 "$0" 2>/dev/null || test "$(cat MODE)" = ro
exec "$@"
`;
const BLOCK = 64 * 1024;

/** @param megabytes of the file system, its own tables included. */
export async function makeDisk(megabytes: number): Promise<Disk> {
  const place = await mkdtemp(join(tmpdir(), 'waxwing-disk-'));
  const image = join(place, 'image');
  const mode = join(place, 'mode');
  await writeFile(mode, 'rw');
  await must('truncate', ['-s', `${megabytes}M`, image]);
  await must('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  const script = mount.replaceAll('IMAGE', image).replaceAll('MODE', mode);
  const filler = ({ data }: Waxwing): string => join(data, 'filler');
  return {
    under: ['unshare', '-m', 'sh', '-e', '-c', script, 'DATA'],
    mountAs: (wanted) => writeFile(mode, wanted),
    async fill(waxwing, leave) {
      const { bavail, bsize } = await statfs(waxwing.data);
      writeUntilFull(filler(waxwing), bavail * bsize - leave);
    },
    empty: (waxwing) => rm(filler(waxwing)),
    async fail(waxwing) {
      const folder = waxwing.data.replace(/^\/proc\/\d+\/root/, '');
      await must('nsenter', ['-t', `${waxwing.pid}`, '-m', 'mount', '-o', 'remount,abort', folder]);
    },
    close: () => rm(place, { recursive: true, force: true }),
  };
}

function writeUntilFull(path: string, most: number): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(BLOCK, 1);
  try {
    for (let left = most; left > 0; ) left -= writeSync(file, block, 0, Math.min(BLOCK, left));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}

async function must(command: string, args: readonly string[]): Promise<void> {
  const done = await runCommand(command, args);
  if (done.code !== 0) throw new Error(`${command}: ${done.stderr.trim()}`);
}
