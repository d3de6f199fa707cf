/** Waiting for what another process does, with an end. */
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 30_000;

/** Looks again and again until there is a value; fails with what `otherwise` says when there is none in time. */
export async function until<Value>(
  look: () => Value | undefined | Promise<Value | undefined>,
  otherwise: () => string,
): Promise<Value> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(otherwise());
    await sleep(20);
  }
}
