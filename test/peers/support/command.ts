/** Runs a command of the host to its end. */
import { type ChildProcess, spawn } from 'node:child_process';

/** How a command ended, and what it said. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command with an optional standard input. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly input?: Buffer | string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  const child = spawn(command, args, { stdio: 'pipe', env: options.env ?? process.env });
  // A command that ends without reading its input is judged by its exit code, not by EPIPE here.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return finish(child);
}

/** Collects the output of a started process until it has ended; it never rejects. */
export function finish(child: ChildProcess): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 127, stdout: '', stderr: error.message }));
    child.on('close', (code, signal) => {
      const said = Buffer.concat(stderr).toString();
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(stdout).toString(),
        stderr: signal === null ? said : `${said}\nended by ${signal}`,
      });
    });
  });
}
