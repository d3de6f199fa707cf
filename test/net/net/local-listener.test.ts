import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Attended } from '../../../src/net/accept.ts';
import {
  type LocalListenerOptions,
  type LocalPlace,
  listenLocally,
} from '../../../src/net/local-listener.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-local-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Says one word to whoever comes, and ends with it when it is told to stop. */
function greet(socket: Socket): Attended {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => socket.destroy());
  socket.once('close', () => resolve());
  socket.once('end', () => socket.end());
  socket.resume();
  socket.write('hello');
  return { shutdown: () => socket.end('bye'), close: () => socket.destroy(), closed };
}

function options(place: LocalPlace, change: Partial<LocalListenerOptions> = {}): LocalListenerOptions {
  return {
    place,
    most: () => 10,
    receive: greet,
    umask: (mask) => process.umask(mask),
    onError: (error) => assert.fail(String(error)),
    ...change,
  };
}

async function hear(at: { port: number } | { path: string }): Promise<string> {
  const socket = connect(at);
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    socket.end();
  }
  return text;
}

describe('a listener for programs of this host', () => {
  it('at an address, with the port that it got', async () => {
    const listener = await listenLocally(options({ kind: 'address', address: '127.0.0.1', port: 0 }));
    const { place } = listener;
    if (place.kind !== 'address') return assert.fail();
    assert.ok(place.port > 0);
    const socket = connect(place.port);
    const [chunk] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (data: Buffer) => resolve([data])),
    );
    assert.equal(String(chunk), 'hello');
    assert.equal(listener.connections, 1);
    socket.resume();
    const ended = new Promise((resolve) => socket.once('end', resolve));
    const closed = listener.close(10_000);
    await ended;
    await closed;
  });

  it('at a file with the mode that is wanted from its first moment on, and removes it', async (t) => {
    const path = join(folder(t), 'a.sock');
    const modes: number[] = [];
    const mask = process.umask();
    const umask = (wanted: number): number => {
      if (existsSync(path)) modes.push(statSync(path).mode & 0o777);
      return process.umask(wanted);
    };
    const listener = await listenLocally(options({ kind: 'file', path, mode: 0o660 }, { umask }));
    assert.deepEqual(modes, [0o660]);
    assert.equal(process.umask(), mask);
    assert.equal(await hear({ path }), 'hello');
    await listener.close(0);
    assert.equal(existsSync(path), false);
  });

  it('takes the place of a process that is gone', async (t) => {
    const path = join(folder(t), 'a.sock');
    const dead = createServer();
    await new Promise<void>((resolve) => void dead.listen(path, resolve));
    // What `kill -9` leaves behind: the file without anybody who listens.
    const kept = `${path}.kept`;
    linkSync(path, kept);
    await new Promise((resolve) => void dead.close(resolve));
    renameSync(kept, path);
    const listener = await listenLocally(options({ kind: 'file', path, mode: 0o666 }));
    assert.equal(await hear({ path }), 'hello');
    await listener.close(0);
  });

  it('takes the place of nobody who answers, and of no other file', async (t) => {
    const path = join(folder(t), 'a.sock');
    const listener = await listenLocally(options({ kind: 'file', path, mode: 0o666 }));
    await assert.rejects(listenLocally(options({ kind: 'file', path, mode: 0o666 })), { code: 'EADDRINUSE' });
    assert.equal(await hear({ path }), 'hello');
    await listener.close(0);
    writeFileSync(path, 'mine');
    chmodSync(path, 0o600);
    await assert.rejects(listenLocally(options({ kind: 'file', path, mode: 0o666 })), { code: 'EADDRINUSE' });
    assert.equal(existsSync(path), true);
  });

  it('says which folder is not there: by Node it would be a matter of permission', async (t) => {
    const missing = join(folder(t), 'run');
    const path = join(missing, 'a.sock');
    await assert.rejects(listenLocally(options({ kind: 'file', path, mode: 0o666 })), {
      code: 'ENOENT',
      message: `there is no folder ${missing} for the socket ${path}: it has to be made first`,
    });
  });

  it('closes those who are too many as they come', async () => {
    const listener = await listenLocally(
      options({ kind: 'address', address: '127.0.0.1', port: 0 }, { most: () => 1 }),
    );
    if (listener.place.kind !== 'address') return assert.fail();
    const { port } = listener.place;
    const first = connect(port);
    await new Promise((resolve) => first.once('data', resolve));
    assert.equal(await hear({ port }).catch(() => ''), '');
    first.destroy();
    await listener.close(0);
  });

  it('closes whoever does not end in time', async () => {
    const stubborn = (socket: Socket): Attended => ({ ...greet(socket), shutdown: () => undefined });
    const listener = await listenLocally(
      options({ kind: 'address', address: '127.0.0.1', port: 0 }, { receive: stubborn }),
    );
    if (listener.place.kind !== 'address') return assert.fail();
    const socket = connect(listener.place.port);
    await new Promise((resolve) => socket.once('data', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await listener.close(50);
    await gone;
  });
});
