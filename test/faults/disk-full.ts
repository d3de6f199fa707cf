/** The file system with the data folder fills up while mail comes in, and has room again later. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { makeDisk } from './support/disk.ts';
import type { Row } from './support/row.ts';
import { besiege, underLoad } from './support/siege.ts';

const load = { connections: 10, perSecond: 100, contentBytes: 20_000 };
/** Slower than the load, so that mail waits in the queue all the time. */
const slowly = { messages_per_minute: 3_000 };

/** @param left octets that whoever fills it leaves; 0: nothing. @param forMs so long. */
export async function diskFull(left: number, forMs: number, options: WaxwingOptions = {}): Promise<Row> {
  const disk = await makeDisk(96);
  try {
    return await besiege({
      fault:
        left === 0
          ? `disk full for ${forMs / 1_000} s, not an octet left`
          : `disk almost full for ${forMs / 1_000} s, ${left / 2 ** 20} MiB left`,
      load,
      options: { ...options, under: disk.under, relay: { ...options.relay, ...slowly } },
      async strike({ waxwing, sink, load: running }) {
        const { accepted } = running;
        await underLoad(running, 1_000, 40);
        await disk.fill(waxwing, left);
        await sleep(300);
        const before = sink.taken.length;
        const acceptedBefore = accepted.size;
        await sleep(forMs);
        const meanwhile = sink.taken.length - before;
        const more = accepted.size - acceptedBefore;
        await disk.empty(waxwing);
        const begun = performance.now();
        const reached = accepted.size;
        while (accepted.size === reached && performance.now() - begun < 30_000) await sleep(10);
        const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
        await sleep(700);
        return {
          text: `While it was full ${meanwhile} messages were delivered and ${more} taken; with room again the next was taken after ${seconds} s.`,
          facts: { delivered: meanwhile, taken: more },
        };
      },
    });
  } finally {
    await disk.close();
  }
}
