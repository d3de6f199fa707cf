/** Waiting for what another process does, with an end. */
import { setTimeout as sleep } from 'node:timers/promises';

type Nothing = false | null | undefined;

const patienceMs = 30_000;

/**
 * Looks again and again until there is something; fails with what `otherwise` says when nothing comes in time.
 *
 * @param progress a number that grows: the time begins anew with each change, for what takes longer on slow machines.
 */
export async function until<Found>(
  look: () => Found | Nothing | Promise<Found | Nothing>,
  otherwise: () => string,
  progress: () => number = () => 0,
): Promise<Exclude<Found, Nothing>> {
  let reached = progress();
  let deadline = Date.now() + patienceMs;
  for (;;) {
    if (progress() > reached) {
      reached = progress();
      deadline = Date.now() + patienceMs;
    }
    const found = await look();
    if (isSomething(found)) return found;
    if (Date.now() > deadline) throw new Error(otherwise());
    await sleep(20);
  }
}

function isSomething<Found>(found: Found): found is Exclude<Found, Nothing> {
  return found !== false && found !== null && found !== undefined;
}
