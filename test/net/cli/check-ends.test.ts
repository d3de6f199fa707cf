/** `waxwing check` that is ended, or whose reader goes away, before it is done: nobody takes what is there for all of it. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { bin, compiled } from '../../unit/cli/control-peer.ts';

function start(words: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [bin, 'check', '--resolver', '127.0.0.1', '--depth', 'quick', ...words], {
    env: compiled,
  });
}

/** A server that takes connections and says nothing. @returns its port, and the first connection. */
async function silentServer(
  t: TestContext,
): Promise<{ readonly port: number; readonly called: Promise<unknown> }> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  const called = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return { port: bound.port, called };
}

const ended = async (child: ChildProcessWithoutNullStreams): Promise<unknown> =>
  (await once(child, 'close'))[0];

describe('waxwing check that does not come to its end', { concurrency: 2 }, () => {
  it('part of a list is no success: the reader went away', async () => {
    // Nothing listens at these.
    const list = Array.from({ length: 400 }, (_, index) => `[127.79.${index >> 8}.${index & 0xff}]:1\n`).join(
      '',
    );
    const child = start(['-', '--format', 'ndjson']);
    child.stdin.on('error', () => undefined);
    child.stdin.end(list);
    const stderr = text(child.stderr);
    child.stdout.once('data', () => child.stdout.destroy());
    assert.equal(await ended(child), 2);
    assert.match(await stderr, /^error: [0-9]+ targets? written; the reader went away\n$/);
  });

  it('a page for a person may be cut off', async () => {
    const child = start(['[127.79.0.1]:1']);
    child.stdout.destroy();
    const stderr = text(child.stderr);
    await ended(child);
    assert.equal(await stderr, '');
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`a plugin that is ended by ${signal} says so`, async (t) => {
      const { port, called } = await silentServer(t);
      const child = start([`[127.0.0.1]:${port}`, '--format', 'nagios']);
      const stdout = text(child.stdout);
      await called;
      child.kill(signal);
      assert.equal(await ended(child), 3);
      assert.equal(await stdout, 'WAXWING UNKNOWN - the run was interrupted\n');
    });
  }
});
