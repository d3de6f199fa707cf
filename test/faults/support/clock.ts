/** A clock of the day that jumps, for one process: Debian's libfaketime, which answers the C library's questions for it. */
import { glob, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FakeClock {
  /** Words to start Waxwing under, for `WaxwingOptions.under`. */
  readonly under: readonly string[];
  /** Puts the clock forward, or back, from the true time; it is in force when the promise resolves. */
  set(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** How often the library looks into its file, seconds. */
const LOOKS_EVERY = 1;

/** @param root of the peer `faketime`. */
export async function openFakeClock(root: string): Promise<FakeClock> {
  const [library] = await Array.fromAsync(glob(join(root, 'usr/lib/*/faketime/libfaketimeMT.so.1')));
  if (library === undefined) throw new Error(`${root} has no libfaketime`);
  const place = await mkdtemp(join(tmpdir(), 'waxwing-clock-'));
  const file = join(place, 'offset');
  const set = async (seconds: number): Promise<void> => {
    await writeFile(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    await rename(`${file}.new`, file);
  };
  await set(0);
  return {
    under: [
      'env',
      `LD_PRELOAD=${library}`,
      `FAKETIME_TIMESTAMP_FILE=${file}`,
      `FAKETIME_CACHE_DURATION=${LOOKS_EVERY}`,
      // What measures how long something takes goes on as before, as it does when a real clock is set.
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ],
    async set(seconds) {
      await set(seconds);
      await sleep(1_000 * LOOKS_EVERY + 200);
    },
    close: () => rm(place, { recursive: true }),
  };
}
