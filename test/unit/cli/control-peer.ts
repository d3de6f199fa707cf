/** Something that answers on the control socket of a data folder as the test says, and the program that asks it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

export const bin = join(import.meta.dirname, '../../../src/cli/bin.ts');

export interface ControlPeer {
  /** The data folder. */
  readonly data: string;
  /** Takes no new connection from now on, as a relay that has stopped. */
  close(): void;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function startControlPeer(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, peer: ControlPeer) => void,
): Promise<ControlPeer> {
  const data = await mkdtemp(join(tmpdir(), 'waxwing-control-'));
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response, peer);
  });
  const peer: ControlPeer = { data, close: () => void server.close() };
  await new Promise<void>((resolve) => server.listen(join(data, 'control.sock'), resolve));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(data, { recursive: true });
  });
  return peer;
}

/** Where npm's scripts keep what is compiled: half of a start is the reading of types. */
export const compiled = {
  NODE_COMPILE_CACHE:
    process.env['NODE_COMPILE_CACHE'] ?? join(import.meta.dirname, '../../../node_modules/.cache/node'),
};

export async function waxwing(
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...compiled, ...env } });
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}
