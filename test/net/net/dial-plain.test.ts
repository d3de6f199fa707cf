import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dialPlain, showTarget } from '../../../src/net/dial-plain.ts';
import { backendOf } from '../gateway/toy.ts';
import { testDeadlines } from './peer.ts';

const never = new AbortController().signal;

describe('a plain connection', () => {
  it('is half-open, and paused until somebody reads', async (t) => {
    const port = await backendOf(t, (socket) => {
      socket.end('before');
      socket.pipe(socket);
    });
    const target = { kind: 'tcp', address: '127.0.0.1', port } as const;
    const socket = await dialPlain(target, { deadlines: testDeadlines(t), within: 1_000, signal: never });
    t.after(() => socket.destroy());
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(socket.isPaused(), true);
    socket.resume();
    const [bytes] = await once(socket, 'data');
    assert.equal(String(bytes), 'before');
    await once(socket, 'end');
    assert.equal(socket.writable, true);
  });

  it('goes to a unix socket', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-dial-'));
    const path = join(folder, 's');
    const server = createServer((socket) => socket.end('here'));
    server.listen(path);
    await once(server, 'listening');
    t.after(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    const options = { deadlines: testDeadlines(t), within: 1_000, signal: never };
    const socket = await dialPlain({ kind: 'unix', path }, options);
    socket.resume();
    const [bytes] = await once(socket, 'data');
    assert.equal(String(bytes), 'here');
    socket.destroy();
  });

  it('that is refused says by whom', async (t) => {
    const options = { deadlines: testDeadlines(t), within: 1_000, signal: never };
    await assert.rejects(dialPlain({ kind: 'tcp', address: '127.0.0.1', port: 1 }, options), {
      name: 'NetworkError',
      code: 'refused',
      message: /^127\.0\.0\.1:1: /,
    });
    await assert.rejects(dialPlain({ kind: 'unix', path: '/nowhere/s' }, options), {
      message: /^unix:\/nowhere\/s: .*ENOENT/,
    });
  });

  it('that nobody waits for any more is given up', async (t) => {
    const options = { deadlines: testDeadlines(t), within: 1_000 };
    const target = { kind: 'tcp', address: '127.0.0.1', port: 1 } as const;
    await assert.rejects(dialPlain(target, { ...options, signal: AbortSignal.abort() }), /nobody waits/);
  });
});

it('a target is named as operators write it', () => {
  assert.equal(showTarget({ kind: 'tcp', address: '::1', port: 5 }), '[::1]:5');
  assert.equal(showTarget({ kind: 'unix', path: '/run/x' }), 'unix:/run/x');
});
