/** One connection: how it is told that there is none, and how it is left. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { NetworkError, networkError } from '../../../src/net/error.ts';
import { seeingContexts } from '../../../src/net/seeing-contexts.ts';
import { readReply } from '../../../src/protocols/smtp/reply.ts';
import { failureOf, talkOnce, type Way } from '../../../src/scanner/connection.ts';
import { testDeadlines } from '../net/peer.ts';

const contexts = seeingContexts([]);

describe('a connection that does not come about', () => {
  const systemError = (code: string): NetworkError =>
    networkError('connecting', Object.assign(new Error(`connect ${code}`), { code }));
  const cases: readonly [error: NetworkError, how: ReturnType<typeof failureOf>['how']][] = [
    [systemError('ECONNREFUSED'), 'refused'],
    [systemError('ETIMEDOUT'), 'timeout'],
    [new NetworkError('timeout', 'no answer within 20 s'), 'timeout'],
    [systemError('ECONNRESET'), 'reset'],
    [systemError('EHOSTUNREACH'), 'unreachable'],
    [systemError('ENETUNREACH'), 'no-route'],
    [systemError('EADDRNOTAVAIL'), 'no-route'],
    [systemError('EPERM'), 'no-route'],
    [systemError('EMFILE'), 'other'],
  ];
  for (const [error, how] of cases) {
    it(`${error.message}: ${how}`, () => {
      const failure = failureOf(error);
      assert.equal(failure.how, how);
      assert.equal(failure.because, error.cause instanceof Error ? error.cause.message : error.message);
    });
  }
});

describe('a connection that was made', () => {
  async function server(t: TestContext, onSocket: (socket: Socket) => void): Promise<Way> {
    const listening = createServer(onSocket).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    t.after(() => listening.close());
    const bound = listening.address();
    if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
    return {
      endpoint: {
        address: '127.0.0.1',
        port: bound.port,
        protocol: 'smtp',
        tls: 'starttls',
        serverName: 'mx.test',
      },
      context: contexts('everything'),
      serverName: 'mx.test',
      deadlines: testDeadlines(t),
      timeoutMs: 1_000,
      signal: new AbortController().signal,
    };
  }

  it('is closed in order, not reset, and waits for the other side to close', async (t) => {
    const ends: string[] = [];
    const way = await server(t, (socket) => {
      socket.on('end', () => ends.push('end')).on('error', (error) => ends.push(error.message));
      socket.write('220 mx.test\r\n');
      socket.resume();
    });
    const { talked, connect } = await talkOnce(
      way,
      (channel) => readReply(channel, 'greeting'),
      () => 'greeting',
    );
    assert.ok(talked.kind === 'done');
    assert.deepEqual([talked.outcome.code, connect.kind], [220, 'connected']);
    assert.deepEqual(ends, ['end']);
  });

  it('does not wait for long where the other side stays', async (t) => {
    const way = await server(t, (socket) => {
      socket.allowHalfOpen = true;
      socket.on('error', () => socket.destroy());
      t.after(() => void socket.destroy());
      socket.write('220 mx.test\r\n');
    });
    const began = performance.now();
    const { talked } = await talkOnce(
      way,
      (channel) => readReply(channel, 'greeting'),
      () => 'greeting',
    );
    assert.equal(talked.kind, 'done');
    assert.ok(performance.now() - began < 2_000);
  });

  it('names the server and the step where it broke the protocol', async (t) => {
    const way = await server(t, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.end('hello\r\n');
    });
    const { talked, transcript } = await talkOnce(
      way,
      (channel) => readReply(channel, 'greeting'),
      () => 'hello',
    );
    assert.deepEqual(talked, {
      kind: 'ended',
      end: {
        kind: 'broken',
        at: 'hello',
        because: `mx.test (127.0.0.1:${way.endpoint.port}) sent what is not a reply: hello`,
      },
    });
    assert.deepEqual(transcript, ['S: hello']);
  });

  it('keeps no more of what was said than people read', async (t) => {
    const way = await server(t, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`${`220-${'x'.repeat(600)}\r\n`.repeat(20)}${'220-y\r\n'.repeat(300)}220 z\r\n`);
    });
    const { transcript } = await talkOnce(
      way,
      (channel) => readReply(channel, 'greeting'),
      () => 'greeting',
    );
    assert.ok(transcript.length <= 161);
    assert.ok(transcript.every((line) => line.length <= 401));
  });

  it('what is nobody’s fault but ours is thrown', async (t) => {
    const way = await server(t, (socket) => void socket.on('error', () => socket.destroy()));
    await assert.rejects(
      talkOnce(
        way,
        function* (channel) {
          yield* channel.say('EHLO x\r\n');
          throw new TypeError('a mistake');
        },
        () => 'greeting',
      ),
      TypeError,
    );
  });
});
