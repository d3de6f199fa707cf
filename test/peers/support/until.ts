/** Waiting for what another process does, with an end. */
import { setTimeout as sleep } from 'node:timers/promises';

type Nothing = false | null | undefined;

const patienceMs = 30_000;

/** Looks again and again until there is something; fails with what `otherwise` says when nothing comes in time. */
export async function until<Found>(
  look: () => Found | Nothing | Promise<Found | Nothing>,
  otherwise: () => string,
): Promise<Exclude<Found, Nothing>> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (isSomething(found)) return found;
    if (Date.now() > deadline) throw new Error(otherwise());
    await sleep(20);
  }
}

function isSomething<Found>(found: Found): found is Exclude<Found, Nothing> {
  return found !== false && found !== null && found !== undefined;
}
