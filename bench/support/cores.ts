/** Which core runs what: this process on the last one, the servers that it asks on the first, where there are two. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cores = availableParallelism();

/** @returns what became of it, for the heading of a table. */
export async function takeLastCore(): Promise<string> {
  if (cores < 2) return 'on the only core there is';
  const isThere = await pin([process.pid], cores - 1);
  return isThere ? `on core ${cores - 1}, the servers on core 0` : 'on any core: there is no taskset';
}

/** Processes that have ended by then do not matter. */
export async function moveToFirstCore(pids: Iterable<number>): Promise<void> {
  if (cores > 1) await pin(pids, 0);
}

/** All threads of these processes. */
async function pin(pids: Iterable<number>, core: number): Promise<boolean> {
  const all = [...pids].map((pid) => run('taskset', ['-a', '-p', '-c', String(core), String(pid)]));
  return (await Promise.allSettled(all)).some(({ status }) => status === 'fulfilled');
}
