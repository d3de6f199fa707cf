/** Sockets that stand before their listeners: who comes early waits, and nothing is heard before all are bound. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { accept } from '../../../src/net/accept.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { openListeners } from '../../../src/net/listeners.ts';
import { isPlace, openPlaces } from '../../../src/net/places.ts';
import { freePort } from '../../peers/support/ports.ts';
import { listening, portOf } from './peer.ts';

const address = '127.0.0.1';

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, address);
  await once(socket, 'connect');
  return socket;
}

describe('a place', () => {
  it('keeps who comes before its listener, with what was sent, and hands over both', async () => {
    const port = await freePort(address);
    const places = await openPlaces([{ kind: 'bind', address, port }]);
    assert.deepEqual(places.left, [{ address, port, name: null }]);
    const early = await connected(port);
    early.write('early');
    const sockets: Socket[] = [];
    const second = Promise.withResolvers<void>();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const opening = places.open(address, port, (socket) => {
      sockets.push(socket);
      if (sockets.length === 2) second.resolve();
    });
    assert.deepEqual(places.left, []);
    assert.equal(sockets.length, 1);
    const late = await connected(port);
    await second.promise;
    const [first] = sockets;
    assert.ok(first !== undefined);
    const [data] = await once(first, 'data');
    assert.equal(String(data), 'early');
    for (const socket of [early, late, ...sockets]) socket.destroy();
    await (await opening).close();
  });

  it('is handed over once, and to nobody who asks for another', async () => {
    const port = await freePort(address);
    const places = await openPlaces([{ kind: 'bind', address, port }]);
    const end = (socket: Socket): void => void socket.destroy();
    const other = await places.open('127.0.0.2', port, end);
    assert.ok(!other.stood);
    const door = await places.open(address, port, end);
    assert.ok(door.stood);
    await assert.rejects(places.open(address, port, end), /EADDRINUSE/);
    places.close();
    // What was handed over is not closed with the rest.
    (await connected(port)).destroy();
    await Promise.all([other.close(), door.close()]);
  });

  it('that was handed over is not given up for a listener that cannot be bound beside it', async (t) => {
    const port = await freePort(address);
    const places = await openPlaces([{ kind: 'bind', address, port }]);
    const deadlines = startDeadlines(1_000);
    const kinds: string[] = [];
    const listeners = openListeners<{ address: string; port: number; tls: 'starttls' | 'implicit' }>(
      (settings) =>
        accept({
          address,
          port,
          doors: places,
          deadlines,
          proxies: () => false,
          receive(socket) {
            kinds.push(settings().tls);
            socket.end();
            return undefined;
          },
          onOddity: () => {},
          onError: () => {},
        }),
    );
    t.after(async () => {
      await listeners.close(0);
      deadlines.close();
    });
    await listeners.change([{ address, port, tls: 'starttls' }]);
    await assert.rejects(listeners.change([{ address, port, tls: 'implicit' }]), /EADDRINUSE/);
    const client = await connected(port);
    await once(client.resume(), 'end');
    client.destroy();
    assert.deepEqual(kinds, ['starttls']);
  });

  it('is not left open, nor is who waits there, where nobody took it', async () => {
    const port = await freePort(address);
    const places = await openPlaces([{ kind: 'bind', address, port }]);
    const early = await connected(port);
    early.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    places.close();
    await once(early.resume(), 'close');
    await assert.rejects(connected(port), /ECONNREFUSED/);
  });

  it('of IPv6 is the same however it is written', () => {
    assert.ok(isPlace({ address: '::', port: 25 }, '0:0:0:0:0:0:0:0', 25));
    assert.ok(isPlace({ address: '2001:db8::1', port: 25 }, '2001:0DB8:0::1', 25));
    assert.ok(!isPlace({ address: '::', port: 25 }, '0.0.0.0', 25));
    assert.ok(!isPlace({ address: '::', port: 25 }, '::', 587));
  });
});

/** What keeps this process, by kind. */
function kept(kind: string): number {
  return process.getActiveResourcesInfo().filter((one) => one === kind).length;
}

describe('places', () => {
  it('keep no process whose start has failed, with whoever waits, and keep it once they are taken', async () => {
    const port = await freePort(address);
    // The port's probe is gone by then.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = kept('TCPServerWrap');
    const places = await openPlaces([{ kind: 'bind', address, port }]);
    const early = await connected(port);
    early.on('error', () => {});
    const clients = kept('TCPSocketWrap');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual([kept('TCPServerWrap'), kept('TCPSocketWrap')], [before, clients]);
    const sockets: Socket[] = [];
    const opening = places.open(address, port, (socket) => sockets.push(socket));
    assert.deepEqual([kept('TCPServerWrap'), kept('TCPSocketWrap')], [before + 1, clients + 1]);
    for (const socket of [early, ...sockets]) socket.destroy();
    await (await opening).close();
  });

  it('are all bound within one turn of the loop, so that root can be given up before a peer is heard', async () => {
    const ports = [await freePort(address), await freePort('127.0.0.2')];
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const places = await openPlaces([
      { kind: 'bind', address, port: ports[0] ?? 0 },
      { kind: 'bind', address: '127.0.0.2', port: ports[1] ?? 0 },
    ]);
    assert.equal(turned, false);
    places.close();
  });

  it('are closed again where one cannot be bound', async (t) => {
    const taken = portOf(await listening(t));
    const port = await freePort(address);
    const sources = [port, taken].map((one) => ({ kind: 'bind', address, port: one }) as const);
    await assert.rejects(openPlaces(sources), /EADDRINUSE/);
    const again = createServer().listen(port, address);
    await once(again, 'listening');
    again.close();
  });

  it('that are no sockets for TCP are named', async () => {
    const descriptor = openSync('/dev/null', 'r');
    const sources = [{ kind: 'inherited', descriptor, name: 'smtp' }] as const;
    await assert.rejects(
      openPlaces(sources),
      new RegExp(
        `^Error: descriptor ${descriptor} \\(smtp\\), which the service manager handed over, is no socket`,
      ),
    );
    closeSync(descriptor);
  });
});
