import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { converse, type Patience } from '../../../src/advisor/conversation.ts';
import type { Dialect } from '../../../src/advisor/dialect.ts';
import { netstring, netstringReader } from '../../../src/advisor/netstrings.ts';
import type { Attended } from '../../../src/net/accept.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { eventually as eventuallySome } from '../../support/relay.ts';

/** Waits until it is so. */
const eventually = (what: string, isSo: () => boolean): Promise<true> =>
  eventuallySome(what, () => (isSo() ? true : undefined));

interface Told {
  readonly answer: Dialect['answer'];
  readonly single?: boolean;
  readonly patience?: Partial<Patience>;
}

interface Talk {
  readonly socket: Socket;
  /** All that has come. */
  readonly heard: () => string;
  readonly ended: Promise<void>;
  readonly faults: readonly string[];
  readonly attended: () => Attended | undefined;
}

async function talk(t: TestContext, { answer, single = false, patience = {} }: Told): Promise<Talk> {
  const dialect: Dialect = { reader: () => netstringReader(1_000), answer, single };
  const faults: string[] = [];
  const deadlines = startDeadlines(5);
  const all = { idle: 10_000, request: 10_000, taking: 10_000, ...patience };
  let attended: Attended | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    attended = converse(socket, dialect, deadlines, (because) => void faults.push(because), all);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  if (at === null || typeof at === 'string') return assert.fail();
  const socket = connect({ port: at.port, host: '127.0.0.1', allowHalfOpen: true });
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    socket.once('end', () => {
      socket.end();
      resolve();
    });
    socket.once('close', () => resolve());
  });
  t.after(() => {
    socket.destroy();
    server.close();
    deadlines.close();
  });
  return { socket, heard: () => heard, ended, faults, attended: () => attended };
}

/** Answers that come when the test says so. */
function held() {
  const waiting = new Map<string, (text: string) => void>();
  return {
    waiting,
    answer: (request: string): string | Promise<string> => {
      if (request.startsWith('now')) return `${request};`;
      const { promise, resolve } = Promise.withResolvers<string>();
      waiting.set(request, resolve);
      return promise;
    },
    give: (request: string): void => waiting.get(request)?.(`${request};`),
  };
}

const asked = (...requests: readonly string[]): Buffer => Buffer.from(requests.map(netstring).join(''));

describe('a connection of a client that looks things up', () => {
  it('answers go out in the order of their requests, whatever comes first', async (t) => {
    const desk = held();
    const { socket, heard } = await talk(t, desk);
    socket.write(asked('now1', 'a', 'now2', 'b', 'now3'));
    await eventually('the first', () => heard() === 'now1;');
    desk.give('b');
    await new Promise(setImmediate);
    assert.equal(heard(), 'now1;');
    desk.give('a');
    await eventually('all of them', () => heard() === 'now1;a;now2;b;now3;');
  });

  it('a request that comes octet by octet is answered', async (t) => {
    const { socket, heard } = await talk(t, held());
    for (const octet of asked('now1', 'now2')) {
      socket.write(Buffer.of(octet));
      await new Promise(setImmediate);
    }
    await eventually('both', () => heard() === 'now1;now2;');
  });

  it('no more than 128 are awaited at once: what comes behind them waits to be read', async (t) => {
    const desk = held();
    const { socket, heard } = await talk(t, desk);
    const names = Array.from({ length: 300 }, (_, index) => `r${index}`);
    socket.write(asked(...names));
    await eventually('so many', () => desk.waiting.size === 128);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(desk.waiting.size, 128);
    for (const name of names) {
      await eventually(name, () => desk.waiting.has(name));
      desk.give(name);
    }
    await eventually('all', () => heard() === names.map((name) => `${name};`).join(''));
  });

  it('a client that does not take its answers is read no further, and is closed in the end', async (t) => {
    let answered = 0;
    const answer = (): string => {
      answered += 1;
      return 'x'.repeat(50_000);
    };
    const { socket, attended } = await talk(t, { answer, patience: { taking: 200 } });
    socket.pause();
    socket.on('error', () => undefined);
    for (let time = 0; time < 50; time += 1) socket.write(asked(...Array.from({ length: 1_000 }, () => 'r')));
    await eventually('the connection', () => attended() !== undefined);
    await attended()?.closed;
    // What the kernel holds for both ends, and not the answers to 50,000 requests.
    assert.ok(answered < 2_000, String(answered));
  });

  it('who breaks the protocol has answers to what was right, and nothing more', async (t) => {
    const { socket, heard, ended, faults } = await talk(t, held());
    socket.write(Buffer.concat([asked('now1'), Buffer.from('x'), asked('now2')]));
    await ended;
    assert.equal(heard(), 'now1;');
    assert.deepEqual(faults, ['a request does not begin with its length']);
  });

  it('an end of the client is not the end of what it has asked for', async (t) => {
    const desk = held();
    const { socket, heard, ended } = await talk(t, desk);
    socket.end(asked('a'));
    await eventually('the request', () => desk.waiting.has('a'));
    desk.give('a');
    await ended;
    assert.equal(heard(), 'a;');
  });

  it('nor of what waits to be read behind 128 others', async (t) => {
    const desk = held();
    const { socket, heard, ended } = await talk(t, desk);
    const names = Array.from({ length: 300 }, (_, index) => `r${index}`);
    socket.end(asked(...names));
    for (const name of names) {
      await eventually(name, () => desk.waiting.has(name));
      desk.give(name);
    }
    await ended;
    assert.equal(heard(), names.map((name) => `${name};`).join(''));
  });

  it('the first answer ends it where the protocol says so', async (t) => {
    const { socket, heard, ended } = await talk(t, { ...held(), single: true });
    socket.write(asked('now1', 'now2'));
    await ended;
    assert.equal(heard(), 'now1;');
  });

  it('a client that asks nothing is closed', async (t) => {
    const { ended } = await talk(t, { ...held(), patience: { idle: 50 } });
    await ended;
  });

  it('the time for a request that has begun is one in all: octets that trickle in do not lengthen it', async (t) => {
    const { socket, ended } = await talk(t, { ...held(), patience: { request: 150 } });
    socket.write('9:');
    const timer = setInterval(() => void socket.write('x'), 40);
    const begun = performance.now();
    await ended;
    clearInterval(timer);
    assert.ok(performance.now() - begun < 350);
  });

  it('each further request has its own time', async (t) => {
    const { socket, heard } = await talk(t, { ...held(), patience: { request: 200 } });
    let rest = asked('now1');
    // Each piece ends one request and begins the next.
    for (let time = 0; time < 8; time += 1) {
      socket.write(Buffer.concat([rest, Buffer.from('4:')]));
      rest = Buffer.from('now1,');
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    assert.equal(heard(), 'now1;'.repeat(8));
  });

  it('while an answer is looked up the client is not hurried', async (t) => {
    const desk = held();
    const { socket, heard } = await talk(t, { ...desk, patience: { idle: 50, request: 50 } });
    socket.write(asked('a'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    desk.give('a');
    await eventually('the answer', () => heard() === 'a;');
  });

  it('where we stop, what is awaited is still answered, and nothing more is read', async (t) => {
    const desk = held();
    const { socket, heard, ended, attended } = await talk(t, desk);
    socket.write(asked('a'));
    await eventually('the request', () => desk.waiting.has('a'));
    attended()?.shutdown();
    socket.write(asked('b'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    desk.give('a');
    await ended;
    assert.equal(heard(), 'a;');
    assert.equal(desk.waiting.has('b'), false);
  });
});
