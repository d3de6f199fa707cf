/** How often a relay's processes have the kernel flush to the medium, counted by strace. */
import { type Tracing, trace } from '../../test/peers/support/strace.ts';
import { familyOf } from './processes.ts';

export interface FlushCount {
  /** Detaches. @returns fsync and fdatasync calls since the start. */
  stop(): Promise<number>;
}

/** Watches these processes, all they have started, and all they will start. It slows them: nothing is timed then. */
export async function countFlushes(toolsRoot: string, roots: Iterable<number>): Promise<FlushCount> {
  const calls = ['-e', 'trace=fsync,fdatasync'];
  const tracings: Tracing[] = [];
  for (const pid of await familyOf(roots)) {
    // Whoever has just ended is not watched.
    const tracing = await trace(toolsRoot, pid, calls).catch(() => undefined);
    if (tracing !== undefined) tracings.push(tracing);
  }
  return {
    async stop() {
      const lines = (await Promise.all(tracings.map((tracing) => tracing.stop()))).flat();
      // A call that another interrupts in the output has a second line, "resumed".
      return lines.filter((line) => /\bf(?:data)?sync\(/.test(line)).length;
    },
  };
}
