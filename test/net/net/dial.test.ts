/** Connections that come to be, and those that do not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { dial } from '../../../src/net/dial.ts';
import type { ConnectionOptions } from '../../../src/net/drive.ts';
import { NetworkError } from '../../../src/net/error.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import { freePort } from '../../peers/support/ports.ts';
import { listening, portOf, quick, testDeadlines } from './peer.ts';

function options(t: TestContext): ConnectionOptions {
  return {
    peer: 'peer.test',
    patience: quick,
    deadlines: testDeadlines(t),
    context: outgoingContext([]),
    serverName: null,
  };
}

function faultOf(code: string, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof NetworkError && error.code === code && text.test(error.message);
}

it('a refused connection is named with the peer, its address and its port', async (t) => {
  const port = await freePort('127.0.0.1');
  await assert.rejects(
    dial({ address: '127.0.0.1', port }, options(t)),
    faultOf('refused', new RegExp(`^connecting to peer\\.test at 127\\.0\\.0\\.1:${port}: `)),
  );
});

it('a host that does not answer is given up after the patience for connecting', async (t) => {
  const port = await blackhole(t);
  const started = performance.now();
  await assert.rejects(
    dial({ address: '127.0.0.1', port }, options(t)),
    faultOf('timeout', /no answer within 0\.3 s$/),
  );
  assert.ok(performance.now() - started < 1_500);
});

it('connects from the source address of the route', async (t) => {
  const server = await listening(t);
  const accepted: Promise<Socket[]> = once(server, 'connection');
  const connection = await dial(
    { address: '127.0.0.1', port: portOf(server), source: '127.0.0.7' },
    options(t),
  );
  t.after(() => connection.close());
  const [peer] = await accepted;
  assert.equal(peer?.remoteAddress, '127.0.0.7');
  assert.equal(connection.localAddress, '127.0.0.7');
});

it('a source address that is not ours is the fault of the network, not of the peer', async (t) => {
  const server = await listening(t);
  await assert.rejects(
    dial({ address: '127.0.0.1', port: portOf(server), source: '192.0.2.1' }, options(t)),
    faultOf('unreachable', /192\.0\.2\.1|EADDRNOTAVAIL/),
  );
});

/** A listener whose thread sleeps and whose queue is full: the system drops what else comes. */
async function blackhole(t: TestContext): Promise<number> {
  const code = `
    const { createServer } = require('node:net');
    const { parentPort } = require('node:worker_threads');
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const worker = new Worker(code, { eval: true });
  t.after(() => worker.terminate());
  const [port]: number[] = await once(worker, 'message');
  assert.ok(port);
  await sleep(100);
  for (let n = 0; n < 4; n++) {
    const filler = connect({ port, host: '127.0.0.1' });
    filler.on('error', () => filler.destroy());
    t.after(() => filler.destroy());
  }
  await sleep(100);
  return port;
}
