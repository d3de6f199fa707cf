/** A program of the bench in a process of its own, which answers a line with what it has counted. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Counter<Counts> {
  /** What it said first: a port, or nothing. */
  readonly first: string;
  counts(): Promise<Counts>;
  close(): void;
}

/** @param env what it is to do. */
export async function startCounter<Counts>(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<Counter<Counts>> {
  const child = spawn(process.execPath, [file], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => (await lines.next()).value ?? '';
  return {
    first: await nextLine(),
    counts: async () => {
      child.stdin.write('?\n');
      return JSON.parse(await nextLine()) as Counts;
    },
    close: () => child.kill(),
  };
}
