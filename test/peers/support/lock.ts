/** One run at a time: a lock that the kernel gives back when its holder dies, however it dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs `work` while no other process holds the lock on `file`. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  // The holder reads its input to the end: that end comes from release below, or from our death.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const failed = once(holder, 'exit').then(([code]) => `flock ended with ${code}`);
  const held = once(holder.stdout, 'data').then(() => null);
  const error = await Promise.race([failed, held]);
  if (error !== null) throw new Error(error);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await failed;
  }
}
