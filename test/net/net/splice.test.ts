/** The splice: two connections as one. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import type { MediateEnd } from '../../../src/net/mediation.ts';
import { splice } from '../../../src/net/splice.ts';
import { backendOf, type ToyClient, toyClient, toyGateway, toyTlsClient } from '../gateway/toy.ts';

/** The kernel's buffers of two connections have some megabytes each; of what we keep ourselves there is little. */
const TOO_MUCH = 60_000_000;

interface Spliced {
  readonly client: ToyClient;
  readonly backend: Socket;
  readonly ended: () => Promise<MediateEnd>;
}

/** A client and a backend that are one connection by now. */
async function spliced(t: TestContext, tls: boolean, idle = 5_000): Promise<Spliced> {
  const backend = Promise.withResolvers<Socket>();
  const port = await backendOf(t, (socket) => backend.resolve(socket));
  const gateway = await toyGateway(t, {
    backend: port,
    patience: { idle },
    ...(tls ? { tls: 'implicit' } : {}),
  });
  const client = await (tls ? toyTlsClient : toyClient)(t, gateway.port);
  client.say('BACKEND\nSPLICE\n');
  await client.hear(`hello${tls ? ' inside' : ''}\nconnected\nnow\n`);
  return { client, backend: await backend.promise, ended: () => gateway.ended() };
}

for (const tls of [false, true]) {
  describe(tls ? 'inside TLS' : 'in clear', () => {
    it('the end of a client leaves the way back open', async (t) => {
      const { client, backend, ended } = await spliced(t, tls);
      client.socket.end('the last');
      const heard = await readAll(backend);
      assert.equal(String(heard), 'the last');
      backend.write('the answer, ');
      await sleep(30);
      backend.end('late');
      assert.equal(await client.rest(), 'the answer, late');
      assert.deepEqual(pick(await ended()), { by: 'client', because: 'the client closed the connection' });
    });

    it('the end of a backend leaves the way there open', async (t) => {
      const { client, backend, ended } = await spliced(t, tls);
      backend.end('bye');
      await client.hear('bye');
      await once(client.socket, 'end');
      const heard = readAll(backend);
      client.say('and ');
      await sleep(30);
      client.socket.end('so on');
      assert.equal(String(await heard), 'and so on');
      assert.deepEqual(pick(await ended()), { by: 'backend', because: 'the backend closed the connection' });
    });

    it('a client that breaks off breaks the backend: what came is no whole', async (t) => {
      const { client, backend, ended } = await spliced(t, tls);
      client.say('half');
      const [half] = await once(backend, 'data');
      assert.equal(String(half), 'half');
      const error = errorOf(backend);
      rawOf(client.socket).resetAndDestroy();
      assert.match(String(await error), /ECONNRESET/);
      assert.equal((await ended()).by, 'client');
    });

    it('a backend that breaks off breaks the client', async (t) => {
      const { client, backend, ended } = await spliced(t, tls);
      const error = errorOf(client.socket);
      let orderly = false;
      client.socket.on('end', () => {
        orderly = true;
      });
      backend.resetAndDestroy();
      const seen = String(await error);
      // Inside TLS it is an end without close_notify, which Node does not tell from one with it.
      if (!tls) {
        assert.match(seen, /ECONNRESET/);
        assert.equal(orderly, false);
      }
      assert.equal((await ended()).by, 'backend');
    });

    it('silence ends it', async (t) => {
      const { client, backend, ended } = await spliced(t, tls, 600);
      backend.resume();
      for (let time = 0; time < 8; time++) {
        client.say('x');
        await sleep(100);
      }
      const end = await ended();
      assert.equal(end.by, 'timeout');
      assert.equal(end.because, 'nothing came from either side for 0.6 s');
    });

    it('octets pass unchanged, in any chunks, both ways at once', async (t) => {
      const { client, backend, ended } = await spliced(t, tls);
      const [up, down] = [randomBytes(3_000_000), randomBytes(3_000_000)];
      const [atBackend, atClient] = [hashOf(backend), hashOf(client.socket)];
      await Promise.all([sendRagged(client.socket, up), sendRagged(backend, down)]);
      assert.equal(await atBackend, sha256(up));
      assert.equal(await atClient, sha256(down));
      const { fromClient, toClient } = await ended();
      assert.equal(fromClient, 'BACKEND\nSPLICE\n'.length + up.length);
      assert.ok(toClient > down.length && toClient < down.length + 60);
    });

    for (const reader of ['client', 'backend'] as const) {
      it(`a ${reader} that stops reading stops the other side: memory stays bounded`, async (t) => {
        const { client, backend } = await spliced(t, tls);
        const [from, to] = reader === 'client' ? [backend, client.socket] : [client.socket, backend];
        to.pause();
        const chunk = Buffer.alloc(65_536);
        let sent = 0;
        // As much as goes in until nothing moved for a while.
        for (let still = 0; still < 10 && sent < TOO_MUCH; ) {
          if (from.writableLength > 1_000_000) {
            const before = from.writableLength;
            await sleep(20);
            still = from.writableLength === before ? still + 1 : 0;
          } else {
            from.write(chunk);
            sent += chunk.length;
          }
        }
        assert.ok(sent < TOO_MUCH, `${sent} octets went in`);
        const left = hashedLength(to);
        to.resume();
        from.end();
        assert.equal(await left, sent);
      });
    }
  });
}

it('what came before the splice and was not used comes first', async (t) => {
  const gone = Promise.withResolvers<Buffer>();
  const port = await backendOf(t, (socket) => {
    socket.write('half a line');
    void readAll(socket).then(gone.resolve);
    socket.on('end', () => socket.end());
  });
  const gateway = await toyGateway(t, { backend: port });
  const client = await toyClient(t, gateway.port);
  client.say('BACKEND\n');
  await client.hear('hello\nconnected\n');
  await sleep(30);
  client.say('SPLICE\nleft over');
  client.socket.end();
  assert.equal(await client.rest(), 'now\nhalf a line');
  assert.equal(String(await gone.promise), 'left over');
  const { fromClient, toClient } = await gateway.ended();
  assert.equal(fromClient, 'BACKEND\nSPLICE\nleft over'.length);
  assert.equal(toClient, 'hello\nconnected\nnow\nhalf a line'.length);
});

it('a client that was told the end of its backend before is told nothing more', async (t) => {
  const port = await backendOf(t, (socket) => socket.end('the last line\nhalf a'));
  const gateway = await toyGateway(t, { backend: port });
  const client = await toyClient(t, gateway.port);
  client.say('BACKEND\n');
  await client.hear('hello\nconnected\nb:the last line\n');
  await once(client.socket, 'end');
  client.say('SPLICE\n');
  assert.equal(await client.rest(), '');
  assert.equal((await gateway.ended()).by, 'backend');
});

function pick({ by, because }: MediateEnd): Pick<MediateEnd, 'by' | 'because'> {
  return { by, because };
}

/** The socket under TLS, which alone has a reset. */
function rawOf(socket: Socket): Socket {
  const parent: unknown = Reflect.get(socket, '_parent');
  return parent instanceof Socket ? parent : socket;
}

function errorOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('error', resolve);
    socket.once('close', () => resolve(undefined)).once('end', () => socket.end());
  });
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

async function hashOf(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  socket.on('data', (bytes: Buffer) => hash.update(bytes));
  await once(socket, 'end');
  return hash.digest('hex');
}

async function hashedLength(socket: Socket): Promise<number> {
  let length = 0;
  socket.on('data', (bytes: Buffer) => {
    length += bytes.length;
  });
  await once(socket, 'end');
  return length;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** In chunks of 1 to 100,000 octets, with stalls; then the end. */
async function sendRagged(socket: Socket, bytes: Buffer): Promise<void> {
  let turn = 0;
  for (let at = 0; at < bytes.length; turn += 1) {
    const size = 1 + ((turn * 7919) % 100_000);
    if (!socket.write(bytes.subarray(at, at + size))) await once(socket, 'drain');
    at += size;
    if (turn % 20 === 0) await sleep(2);
  }
  socket.end();
}

it('a backend that was closed in order before gives what it said, and the end', async (t) => {
  const far = Promise.withResolvers<Socket>();
  const [one, two] = await Promise.all([
    backendOf(t, (socket) => far.resolve(socket)),
    backendOf(t, (socket) => socket.end('never seen')),
  ]);
  const [near, gone] = [connect({ port: one, allowHalfOpen: true }), connect({ port: two })];
  t.after(() => near.destroy());
  gone.resume();
  await once(gone, 'close');
  const client = await far.promise;
  const deadlines = startDeadlines(10);
  t.after(() => deadlines.close());
  const { done } = splice(
    { socket: near, name: 'the client', unread: Buffer.alloc(0), ended: false },
    { socket: gone, name: 'the backend', unread: Buffer.from('the last words'), ended: true },
    { deadlines, idleMs: 60_000 },
  );
  client.write('too late');
  assert.equal(String(await readAll(client)), 'the last words');
  client.end();
  const { by, because, octets } = await done;
  assert.deepEqual([by, because], ['second', 'the backend closed the connection']);
  assert.deepEqual(octets, { first: 0, second: 14 });
});

it('a backend that was broken before breaks the client, and both are over', async (t) => {
  const far = Promise.withResolvers<Socket>();
  const one = await backendOf(t, (socket) => far.resolve(socket));
  const [near, gone] = [connect({ port: one, allowHalfOpen: true }), new Socket()];
  gone.on('error', () => undefined).destroy(new Error('broken'));
  while (!gone.closed) await sleep(1);
  await once(near, 'connect');
  const error = errorOf(await far.promise);
  const deadlines = startDeadlines(10);
  t.after(() => deadlines.close());
  const { done } = splice(
    { socket: near, name: 'the client', unread: Buffer.alloc(0), ended: false },
    { socket: gone, name: 'the backend', unread: Buffer.alloc(0), ended: false },
    { deadlines, idleMs: 60_000 },
  );
  assert.match(String(await error), /ECONNRESET/);
  assert.equal((await done).by, 'second');
});
