/** Watches the system calls of a running process with Debian's strace, or makes some of them fail. */
import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { finish } from './command.ts';
import { until } from './until.ts';

/** A strace that is attached; it ends with the process at the latest. */
export interface Tracing {
  /** Detaches; the process goes on as before. Returns the lines about its calls in their order. */
  stop(): Promise<string[]>;
}

/** Attaches to all threads of a process. `args`: what to trace, or to tamper with. */
export async function trace(toolsRoot: string, pid: number, args: readonly string[]): Promise<Tracing> {
  // Outside its root, where it sees the process; its libraries come out of the root.
  const [loader] = await Array.fromAsync(glob(join(toolsRoot, 'usr/lib*/ld-linux-*.so.*')));
  const libraries = await Array.fromAsync(glob(join(toolsRoot, 'usr/lib/*-linux-gnu*')));
  if (loader === undefined) throw new Error(`${toolsRoot} has no loader`);
  const strace = ['--library-path', libraries.join(':'), join(toolsRoot, 'usr/bin/strace')];
  const child = spawn(loader, [...strace, '-f', ...args, '-p', `${pid}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const finished = finish(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(
    () => said.includes(' attached'),
    () => `strace is not attached: ${said}`,
  );
  return {
    async stop() {
      child.kill('SIGINT');
      const { stderr } = await finished;
      return stderr.split('\n').filter((line) => !line.startsWith('strace: '));
    },
  };
}
