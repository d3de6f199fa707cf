/** The driver of server sessions, with a session of its own: what SMTP makes of it is in test/net/server. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Listener, listen } from '../../../src/net/listen.ts';
import type { BodySink, ServerPatience } from '../../../src/net/server-session.ts';
import type { Reducer } from '../../../src/wire/session.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { eventually } from '../../support/relay.ts';
import { testDeadlines } from './peer.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const MEGABYTE = 1024 * 1024;

/** Says every line back; TAKE takes content, QUIT ends. */
const echo: Reducer<null, null, string> = (state, input) => {
  const say = (text: string): { kind: 'send'; text: string } => ({ kind: 'send', text: `${text}\r\n` });
  switch (input.kind) {
    case 'line':
      if (input.line === 'TAKE') {
        return {
          state,
          effects: [say('354 go on'), { kind: 'takeBody', question: null, maxBytes: MEGABYTE }],
        };
      }
      if (input.line === 'QUIT') return { state, effects: [say('221 bye'), { kind: 'close' }] };
      return { state, effects: [say(`250 ${input.line}`)] };
    case 'taken':
      return { state, effects: [say(`250 ${input.answer}`)] };
    case 'timeout':
      return { state, effects: [say('421 too slow'), { kind: 'close' }] };
    default:
      return { state, effects: [] };
  }
};

async function echoing(
  t: TestContext,
  openBody: () => BodySink<string>,
  patience: Partial<ServerPatience> = {},
): Promise<RawClient> {
  const listener: Listener = await listen<null, null, string>({
    address: '127.0.0.1',
    port: 0,
    tls: 'starttls',
    keyPair,
    deadlines: testDeadlines(t),
    welcome: () => ({
      reducer: echo,
      initial: null,
      maxLineBytes: 1_000,
      bareLineEnding: 'refuse',
      patience: { command: 5_000, handshake: 1_000, minimumRate: 100, dataGrace: 5_000, ...patience },
      openBody,
      onOddity: () => {},
    }),
  });
  t.after(() => listener.close(0));
  return rawClient(listener.port);
}

function noBody(): BodySink<string> {
  throw new Error('no content is taken here');
}

describe('answers that wait to be read', () => {
  it('10,000 commands at once, their answers unread for a while: all are answered, in order', async (t) => {
    const client = await echoing(t, noBody);
    client.socket.pause();
    const numbers = Array.from({ length: 10_000 }, (_, n) => String(n));
    client.write(`${numbers.join('\r\n')}\r\nQUIT\r\n`);
    await sleep(100);
    client.socket.resume();
    const answers = (await client.rest()).split('\r\n');
    assert.deepEqual(answers, [...numbers.map((n) => `250 ${n}`), '221 bye', '']);
  });

  it('a client that reads nothing is not read any further, and is dropped in the end', async (t) => {
    // A server that goes on answering keeps in memory what the client does not take: here tens of megabytes.
    const client = await echoing(t, noBody, { command: 1_000 });
    client.socket.pause();
    const lines = Buffer.from(`${'x'.repeat(500)}\r\n`.repeat(2_000));
    const before = process.memoryUsage();
    for (let stalledFor = 0; stalledFor < 10; ) {
      const sent = client.socket.bytesWritten - client.socket.writableLength;
      if (client.socket.writableLength < MEGABYTE) client.write(lines);
      await sleep(20);
      const moved = client.socket.bytesWritten - client.socket.writableLength > sent;
      stalledFor = moved || client.socket.writableLength === 0 ? 0 : stalledFor + 1;
    }
    const after = process.memoryUsage();
    const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
    // Commands of our own that wait to be sent are among it.
    assert.ok(grown < 32 * MEGABYTE, `${Math.round(grown / MEGABYTE)} MB`);
    await sleep(1_500);
    client.socket.resume();
    assert.match(await client.rest(), /\r\n421 too slow\r\n$/);
    client.close();
  });
});

describe('content', () => {
  it('is not read any further while the sink asks to wait, and the client is held back', async (t) => {
    let taken = 0;
    const wait = Promise.withResolvers<void>();
    const client = await echoing(t, () => ({
      write(slice) {
        taken += slice.length;
        return taken > 1_000 ? wait.promise : undefined;
      },
      finish: ({ size }) => Promise.resolve(`${size} of ${taken}`),
      abandon: () => assert.fail('it is used'),
    }));
    await client.expect('TAKE', '354');
    const content = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(9_000));
    client.write(content);
    const first = await eventually('the first slices', () => (taken > 1_000 ? taken : undefined));
    await sleep(100);
    assert.equal(taken, first);
    wait.resolve();
    assert.equal(await client.expect('.', '250'), `250 ${content.length} of ${content.length}\r\n`);
    client.close();
  });

  for (const [how, leave] of [
    ['closes its side', (client: RawClient) => client.end()],
    ['resets', (client: RawClient) => void client.socket.resetAndDestroy()],
  ] as const) {
    it(`of a client that ${how} while the sink asks to wait is given up`, async (t) => {
      let abandoned = 0;
      const wait = Promise.withResolvers<void>();
      const client = await echoing(t, () => ({
        write: () => wait.promise,
        finish: () => Promise.resolve('done'),
        abandon: () => {
          abandoned += 1;
        },
      }));
      await client.expect('TAKE', '354');
      client.write('half of it\r\n');
      await sleep(30);
      leave(client);
      await sleep(30);
      wait.resolve();
      await eventually('the end', () => (abandoned > 0 ? true : undefined));
      assert.equal(abandoned, 1);
    });
  }
});
