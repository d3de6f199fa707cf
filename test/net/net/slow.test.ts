/** Clients that take their time must not take that of others. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { startGreeter } from './greeter.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const CROWD = 20;
/** More than the buffers of both ends take, so that the server has to wait with the rest. */
const MANY_LINES = `${'x'.repeat(500)}\r\n`.repeat(12_000);
const MEGABYTE = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(10_000));

/** What makes a client slow, done to one that was greeted. */
const habits: Readonly<Record<string, (client: RawClient) => Promise<void>>> = {
  'reads no answer': async (client) => {
    client.socket.pause();
    client.write(MANY_LINES);
  },
  'reads no answer inside TLS': async (client) => {
    await client.expect('STARTTLS', '220');
    const secure = await client.secure();
    secure.pause();
    client.write(MANY_LINES);
  },
  'sends content octet by octet': async (client) => {
    await client.expect('TAKE', '354');
    dripping(client, 'x');
  },
  'sends a command octet by octet': async (client) => dripping(client, 'N'),
  'begins a handshake and stops': async (client) => {
    await client.expect('STARTTLS', '220');
    client.write(Buffer.from('160301020001', 'hex'));
  },
};

function dripping(client: RawClient, octet: string): void {
  const drip = setInterval(() => client.write(octet), 20);
  client.socket.once('close', () => clearInterval(drip));
}

async function crowd(
  t: TestContext,
  port: number,
  habit: (client: RawClient) => Promise<void>,
): Promise<void> {
  for (let n = 0; n < CROWD; n++) {
    const client = await rawClient(port);
    t.after(() => client.close());
    await client.reply();
    await habit(client);
  }
}

/** A whole session with a handshake and a megabyte of content. @returns the ms it took; Infinity for too long. */
async function msOfSession(port: number): Promise<number> {
  const began = performance.now();
  const session = async (): Promise<number> => {
    const client = await rawClient(port);
    await client.reply();
    await client.expect('STARTTLS', '220');
    await client.secure();
    await client.expect('TAKE', '354');
    client.write(MEGABYTE);
    await client.expect('.', '250 1000000 octets');
    await client.expect('QUIT', '221');
    client.close();
    return performance.now() - began;
  };
  return Promise.race([session(), sleep(3_000, Number.POSITIVE_INFINITY)]);
}

describe(`while ${CROWD} clients are slow, another is served in its usual time`, () => {
  for (const [what, habit] of Object.entries(habits)) {
    it(`a client that ${what}`, async (t) => {
      const patience = { command: 20_000, handshake: 20_000, dataGrace: 20_000 };
      const { port, open } = await startGreeter(t, { keyPair, patience });
      await msOfSession(port);
      const alone = await msOfSession(port);
      await crowd(t, port, habit);
      const among = await msOfSession(port);
      assert.ok(open() >= CROWD, `${open()} sessions are open`);
      assert.ok(among < 500 + 5 * alone, `${among} ms instead of ${alone} ms`);
    });
  }

  it('the same check convicts a server that serves one after the other', async (t) => {
    const port = await oneByOne(t);
    await crowd(t, port, () => Promise.resolve()).catch(() => undefined);
    assert.equal(await msOfSession(port), Number.POSITIVE_INFINITY);
  });
});

it('a client that reads slowly gets every answer in the end', async (t) => {
  const { port } = await startGreeter(t, { keyPair });
  const client = await rawClient(port);
  await client.reply();
  await client.expect('STARTTLS', '220');
  const secure = await client.secure();
  const lines = Array.from({ length: 20_000 }, (_, n) => `NOOP ${n}`);
  const until = performance.now() + 500;
  const breath = setInterval(() => {
    if (performance.now() > until) secure.resume();
    else if (secure.isPaused()) secure.resume();
    else secure.pause();
  }, 10);
  t.after(() => clearInterval(breath));
  client.write(`${lines.join('\r\n')}\r\nQUIT\r\n`);
  const answers = (await client.rest()).split('\r\n');
  assert.deepEqual(answers, [...lines.map((line) => `250 ${line}`), '221 bye', '']);
  client.close();
});

/** Greets all, and listens to one at a time. */
async function oneByOne(t: TestContext): Promise<number> {
  const waiting: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('220 hello\r\n');
    waiting.push(socket);
    if (waiting.length === 1) listen(socket);
  });
  const listen = (socket: Socket): void => {
    socket.on('data', (bytes) => socket.write(`250 ${bytes.toString('latin1')}`));
    socket.on('close', () => {
      waiting.shift();
      if (waiting[0] !== undefined) listen(waiting[0]);
    });
  };
  t.after(() => {
    for (const socket of waiting) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
