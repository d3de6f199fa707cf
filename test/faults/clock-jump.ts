/** The clock of the day is put forward or back while mail comes in and some of it waits for its next attempt. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import { openFakeClock } from './support/clock.ts';
import type { Row } from './support/row.ts';
import { besiege, underLoad } from './support/siege.ts';

const DAY_SECONDS = 86_400;

/**
 * Every fifth message is for a host that is not there until after the jump.
 *
 * @param root of the peer `faketime`. @param restart whether the program is started again after it.
 */
export async function clockJump(
  root: string,
  way: 'forward' | 'back',
  options: WaxwingOptions = {},
  restart = false,
): Promise<Row> {
  const clock = await openFakeClock(root);
  try {
    return await besiege({
      fault: `the clock is put ${way} a day${restart ? ' while the program is down' : ''}`,
      load: {
        connections: 10,
        perSecond: 50,
        contentBytes: 4_000,
        to: (number) => (number % 5 === 0 ? 'b@down.test' : 'b@example.test'),
      },
      options: { ...options, under: clock.under, relay: { retry: ['5s'], ...options.relay } },
      async strike({ waxwing, door, sink, load: running }) {
        await underLoad(running, 2_000, 40);
        if (restart) await waxwing.kill9();
        const knocks = door.knocks;
        const taken = sink.taken.length;
        await clock.set((way === 'forward' ? 1 : -1) * DAY_SECONDS);
        if (restart) await waxwing.start();
        await sleep(3_000);
        const tried = door.knocks - knocks;
        const delivered = sink.taken.length - taken;
        door.open();
        return {
          text: `In the seconds after the jump ${delivered} were delivered, and the host that was down was asked ${tried === 1 ? 'once' : `${tried} times`}.`,
          facts: { delivered, tried },
        };
      },
    });
  } finally {
    await clock.close();
  }
}
