/** A queue whose disk is full. It takes a small file system of its own, which takes root to mount. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const run = join(import.meta.dirname, '../../store/full-disk/run.ts');

/** Runs a shell line with a file system of 64 MB at `$1`, which nobody else sees and which ends with it. */
function onSmallDisk(line: string): ReturnType<typeof spawnSync> | undefined {
  const mount = mkdtempSync(join(tmpdir(), 'waxwing-small-'));
  try {
    const script = `mount -t tmpfs -o size=64m none "$1" || exit 99; ${line}`;
    const done = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', mount, process.execPath, run], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return done.error !== undefined || done.status === 99 || done.status === null ? undefined : done;
  } finally {
    rmdirSync(mount);
  }
}

const possible = process.getuid?.() === 0 && onSmallDisk('true')?.status === 0;

describe('a full disk', { skip: possible ? false : 'needs root, to mount a small file system' }, () => {
  it('stops new mail first, records deliveries from the reserve, and recovers by itself', () => {
    const done = onSmallDisk('exec "$2" "$3" "$1"');
    assert.equal(done?.status, 0, String(done?.stderr));
    const { whenFull, codes, claimed, failuresInReserve, refusedWhenFull, again, open } = JSON.parse(
      String(done.stdout),
    );
    assert.ok(whenFull > 100, `${whenFull} messages of 100 KB on 64 MB`);
    assert.deepEqual(codes, ['full']);
    assert.equal(claimed, whenFull, 'nothing that was accepted is lost');
    assert.equal(failuresInReserve, 0, 'deliveries are recorded while new mail is refused');
    assert.equal(refusedWhenFull, true);
    assert.equal(again, 20, 'new mail is taken again');
    assert.equal(open, again, 'every delivery was recorded, once');
  });
});
