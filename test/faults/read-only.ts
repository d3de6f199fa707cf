/** The data folder cannot be written any more: at the start, or from one moment to the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { makeDisk } from './support/disk.ts';
import type { Row } from './support/row.ts';
import { besiege, underLoad } from './support/siege.ts';

const load = { connections: 10, perSecond: 100, contentBytes: 4_000 };

/** The kernel makes the file system read-only in the middle, as it does after an error of the disk. */
export async function readOnlyMeanwhile(forMs: number, options: WaxwingOptions = {}): Promise<Row> {
  const disk = await makeDisk(96);
  try {
    return await besiege({
      fault: `the kernel makes the data folder read-only, for ${forMs / 1_000} s`,
      load,
      options: {
        ...options,
        under: disk.under,
        relay: { ...options.relay, grace: '2s', messages_per_minute: 3_000 },
      },
      async strike({ waxwing, load: running }) {
        const { accepted } = running;
        await underLoad(running, 1_000, 40);
        await disk.fail(waxwing);
        // What was answered just before is read by then.
        await sleep(500);
        const before = accepted.size;
        await sleep(forMs);
        const meanwhile = accepted.size - before;
        const ended = await waxwing.stop();
        await waxwing.start();
        await sleep(700);
        return {
          text: `${meanwhile} messages were taken meanwhile. It does not recover by itself: the file system has to be repaired and mounted, and the program started again (asked to stop, it ended with ${ended.code}).`,
          facts: { taken: meanwhile },
        };
      },
    });
  } finally {
    await disk.close();
  }
}

/** It was read-only before the program started. */
export async function readOnlyAtStart(options: WaxwingOptions = {}): Promise<Row> {
  const disk = await makeDisk(96);
  try {
    return await besiege({
      fault: 'the data folder is read-only at the start',
      load,
      options: { ...options, under: disk.under },
      async strike({ waxwing, load: running }) {
        await underLoad(running, 700, 40);
        await waxwing.kill9();
        await disk.mountAs('ro');
        const said = await waxwing.start().then(
          () => 'nothing: it started',
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
        await disk.mountAs('rw');
        await waxwing.start();
        await sleep(700);
        const starts = said.includes('waxwing cannot serve') ? 0 : 1;
        return { text: 'It does not start, and says why; nothing is changed.', facts: { starts } };
      },
    });
  } finally {
    await disk.close();
  }
}
