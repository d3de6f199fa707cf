/** The moment at which a process flushes to its medium, as the kernel shows it. */
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

/** fsync and fdatasync, by the numbers of x86-64 and of arm64. */
const flushes: readonly string[] = process.arch === 'arm64' ? ['82', '83'] : ['74', '75'];

/**
 * Waits until one of its threads is seen in a flush.
 *
 * @returns false where none was within `withinMs`.
 */
export async function untilFlushing(pid: number, withinMs: number): Promise<boolean> {
  const tasks = `/proc/${pid}/task`;
  for (const end = performance.now() + withinMs; performance.now() < end; await turnOfTheLoop()) {
    const threads = readdirSync(tasks);
    for (let round = 0; round < 20; round++)
      if (threads.some((thread) => flushes.includes(callOf(`${tasks}/${thread}/syscall`)))) return true;
  }
  return false;
}

/** The number of the call that a thread is in; empty where it runs, or is gone. */
function callOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').split(' ', 1)[0] ?? '';
  } catch {
    return '';
  }
}
