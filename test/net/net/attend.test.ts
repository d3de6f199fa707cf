/** The driver of server sessions, with a session of its own: what SMTP makes of it is in test/net/server. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from '../../../src/net/accept.ts';
import { openCertificates } from '../../../src/net/certificates.ts';
import { listen } from '../../../src/net/listen.ts';
import type { BodySink, ServerPatience } from '../../../src/net/server-session.ts';
import type { Reducer, SessionEffect } from '../../../src/wire/session.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { eventually } from '../../support/relay.ts';
import { testDeadlines } from './peer.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const MEGABYTE = 1024 * 1024;

interface EchoWords {
  readonly state: null;
  readonly envelope: null;
  readonly intake: string;
  readonly query: string;
  readonly answer: string;
  readonly note: string;
}

/** Says every line back; TAKE takes content, CHUNK and LAST take it by the octet, QUIT ends. */
const echo: Reducer<EchoWords> = (state, input) => {
  const say = (text: string): SessionEffect<EchoWords> => ({ kind: 'send', text: `${text}\r\n` });
  const maxBytes = MEGABYTE;
  switch (input.kind) {
    case 'line': {
      const [verb = '', word = ''] = input.line.split(' ');
      switch (verb) {
        case 'TAKE':
          return { state, effects: [say('354 go on'), { kind: 'takeBody', envelope: null, maxBytes }] };
        case 'FIRST':
        case 'NEXT':
        case 'LAST': {
          const first = verb === 'FIRST' ? { envelope: null, maxBytes } : undefined;
          return {
            state,
            effects: [{ kind: 'takeChunk', octets: Number(word), last: verb === 'LAST', first }],
          };
        }
        case 'DROP':
          return { state, effects: [{ kind: 'dropChunks' }, say('250 dropped')] };
        case 'SKIP':
          return { state, effects: [{ kind: 'skip', octets: Number(word) }] };
        case 'ASK':
          return { state, effects: [{ kind: 'ask', query: word }] };
        case 'NOTE':
          return { state, effects: [{ kind: 'note', note: word }, say('250 noted')] };
        case 'QUIT':
          return { state, effects: [say('221 bye'), { kind: 'close' }] };
        default:
          return { state, effects: [say(`250 ${input.line}`)] };
      }
    }
    case 'taken':
      return { state, effects: [say(`250 ${input.intake}`)] };
    case 'chunkTaken':
      return { state, effects: [say('250 chunk')] };
    case 'skipped':
      return { state, effects: [say('503 skipped')] };
    case 'notTaken':
      return { state, effects: [say(`554 ${input.because}`)] };
    case 'answered':
      return { state, effects: [say(`250 answer ${input.answer}`)] };
    case 'unanswered':
      return { state, effects: [say('451 no answer')] };
    case 'timeout':
      return { state, effects: [say('421 too slow'), { kind: 'close' }] };
    case 'shutdown':
      return { state, effects: [say('421 stopping'), { kind: 'close' }] };
    default:
      return { state, effects: [] };
  }
};

interface Behind {
  readonly openBody: () => BodySink<string>;
  readonly answer: (query: string) => string | Promise<string>;
  readonly onNote: (note: string) => void;
  readonly onOddity: (what: string) => void;
}

/** A client of such a session; `behind` is what the session is answered by. */
async function talkingTo(
  t: TestContext,
  behind: Partial<Behind>,
  patience: Partial<ServerPatience> = {},
): Promise<{ readonly client: RawClient; readonly listener: Listener }> {
  const listener = await listen<EchoWords>({
    address: '127.0.0.1',
    port: 0,
    tls: 'starttls',
    certificates: openCertificates([keyPair]),
    deadlines: testDeadlines(t),
    proxies: () => false,
    welcome: () => ({
      kind: 'session',
      session: {
        reducer: echo,
        initial: null,
        maxLineBytes: 1_000,
        bareLineEnding: 'refuse',
        patience: {
          command: 5_000,
          handshake: 1_000,
          answer: 5_000,
          minimumRate: 100,
          dataGrace: 5_000,
          ...patience,
        },
        openBody: noBody,
        answer: () => assert.fail('nothing is asked here'),
        onNote: () => {},
        onOddity: () => {},
        ...behind,
      },
      onClosed: () => {},
    }),
    onOddity: () => {},
    onError: () => {},
  });
  t.after(() => listener.close(0));
  return { client: await rawClient(listener.port), listener };
}

async function echoing(
  t: TestContext,
  openBody: () => BodySink<string>,
  patience: Partial<ServerPatience> = {},
): Promise<RawClient> {
  return (await talkingTo(t, { openBody }, patience)).client;
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

/** A sink that keeps what it gets. */
function keeping(content: string[]): BodySink<string> {
  return {
    write: (slice) => void content.push(Buffer.from(slice).toString('latin1')),
    finish: ({ size, longestLine }) => Promise.resolve(`${size} ${longestLine}`),
    abandon: () => void content.push('abandoned'),
  };
}

describe('content by the octet', () => {
  it('goes to one sink, whatever stands in it, and commands go on behind it', async (t) => {
    const content: string[] = [];
    const { client } = await talkingTo(t, { openBody: () => keeping(content) });
    client.write('FIRST 9\r\nQUIT\r\n.\r\nNEXT 0\r\nx\r\nNEXT 1\r\n\rLAST 1\r\n\ny\r\nQUIT\r\n');
    assert.equal(
      await client.rest(),
      '250 chunk\r\n250 chunk\r\n250 x\r\n250 chunk\r\n250 11 4\r\n250 y\r\n221 bye\r\n',
    );
    assert.equal(content.join(''), 'QUIT\r\n.\r\n\r\n');
  });

  it('any cut of the octets gives the same', async (t) => {
    const content: string[] = [];
    const { listener } = await talkingTo(t, { openBody: () => keeping(content) });
    const octets = 'FIRST 3\r\na\r\nLAST 3\r\nb\r\nSKIP 5\r\nQUIT\nFIRST 1\r\n\nQUIT\r\n';
    for (const size of [1, 2, 3, 5, 7, 100]) {
      const client = await rawClient(listener.port);
      for (let at = 0; at < octets.length; at += size) {
        client.write(octets.slice(at, at + size));
        await sleep(1);
      }
      const answers = '250 chunk\r\n250 6 1\r\n503 skipped\r\n554 bare-lf\r\n221 bye\r\n';
      assert.equal(await client.rest(), answers, `pieces of ${size}`);
    }
  });

  it('that is dropped, or whose client leaves between two chunks, is given up once', async (t) => {
    const content: string[] = [];
    const { client, listener } = await talkingTo(t, { openBody: () => keeping(content) });
    client.write('FIRST 1\r\na');
    await client.reply();
    await client.expect('DROP', '250');
    assert.deepEqual(content, ['a', 'abandoned']);
    client.close();
    const other = await rawClient(listener.port);
    other.write('FIRST 1\r\nb');
    await other.reply();
    other.socket.resetAndDestroy();
    await eventually('the end', () => (content.length === 4 ? true : undefined));
    assert.deepEqual(content.slice(2), ['b', 'abandoned']);
  });

  it('a sink that asks to wait holds small chunks back as well', async (t) => {
    let taken = 0;
    const wait = Promise.withResolvers<void>();
    const { client } = await talkingTo(t, {
      openBody: () => ({
        ...keeping([]),
        write: (slice) => {
          taken += slice.length;
          return wait.promise;
        },
      }),
    });
    client.write(`FIRST 1\r\na${'NEXT 1\r\nb'.repeat(100)}LAST 0\r\n`);
    await eventually('the first octet', () => (taken > 0 ? true : undefined));
    await sleep(50);
    assert.equal(taken, 1);
    wait.resolve();
    await eventually('the others', () => (taken === 101 ? true : undefined));
    client.close();
  });

  it('below the minimum rate is cut, also where it is only skipped', async (t) => {
    for (const verb of ['FIRST', 'SKIP']) {
      const { client } = await talkingTo(
        t,
        { openBody: () => keeping([]) },
        { dataGrace: 200, minimumRate: 1_000 },
      );
      client.write(`${verb} 1000\r\nx`);
      assert.equal(await client.rest(), '421 too slow\r\n');
    }
  });

  it('small chunks, and commands between them, buy a message no time', async (t) => {
    for (const drip of ['NEXT 1\r\nx', 'x\r\n', '']) {
      const content: string[] = [];
      const { client } = await talkingTo(
        t,
        { openBody: () => keeping(content) },
        { dataGrace: 300, minimumRate: 1_000 },
      );
      client.write('FIRST 1\r\na');
      const dripping = setInterval(() => client.write(drip), 50);
      const started = performance.now();
      assert.match(await client.rest(), /421 too slow\r\n$/, drip);
      assert.ok(performance.now() - started < 1_500);
      clearInterval(dripping);
      client.close();
      assert.equal(content.filter((slice) => slice === 'abandoned').length, 1);
    }
  });

  it('chunks above the minimum rate may take longer than the grace', async (t) => {
    const { client } = await talkingTo(
      t,
      { openBody: () => keeping([]) },
      { dataGrace: 100, minimumRate: 100 },
    );
    await client.expect('FIRST 21\r\ntwenty octets or so', '250');
    for (let n = 0; n < 12; n++) {
      await client.expect('NEXT 21\r\ntwenty octets or so', '250');
      await sleep(25);
    }
    client.close();
  });

  it('a message that was dropped leaves its successors all of their time', async (t) => {
    const { client } = await talkingTo(
      t,
      { openBody: () => keeping([]) },
      { dataGrace: 200, minimumRate: 1_000 },
    );
    client.write('FIRST 1\r\na');
    await client.reply();
    await client.expect('DROP', '250');
    await sleep(400);
    await client.expect('x', '250');
    client.write('FIRST 1\r\na');
    await sleep(50);
    assert.equal(await client.reply(), '250 chunk\r\n');
    client.close();
  });

  it('between chunks a shutdown waits for the last of them', async (t) => {
    const { client, listener } = await talkingTo(t, { openBody: () => keeping([]) });
    client.write('FIRST 1\r\na');
    await client.reply();
    const closed = listener.close(3_000);
    client.write('LAST 1\r\nbNEVER\r\n');
    assert.equal(await client.rest(), '250 2 2\r\n421 stopping\r\n');
    client.close();
    await closed;
  });
});

describe('questions', () => {
  it('answered at once: a pipelined group still gets its answers in one write', async (t) => {
    const { client } = await talkingTo(t, { answer: (query) => query.toUpperCase() });
    let segments = 0;
    client.socket.on('data', () => {
      segments += 1;
    });
    client.write(`${Array.from({ length: 50 }, (_, n) => `ASK q${n}\r\n`).join('')}QUIT\r\n`);
    const answers = Array.from({ length: 50 }, (_, n) => `250 answer Q${n}\r\n`).join('');
    assert.equal(await client.rest(), `${answers}221 bye\r\n`);
    assert.equal(segments, 1);
  });

  it('answered later: what is pipelined waits, and the answers keep their order', async (t) => {
    const asked: string[] = [];
    const { client } = await talkingTo(t, {
      answer: async (query) => {
        asked.push(query);
        await sleep(query === 'slow' ? 50 : 1);
        return query;
      },
    });
    client.write('ASK slow\r\nASK fast\r\nx\r\nASK slow\r\n');
    await sleep(20);
    assert.deepEqual(asked, ['slow']);
    client.write('QUIT\r\n');
    client.end();
    assert.equal(
      await client.rest(),
      '250 answer slow\r\n250 answer fast\r\n250 x\r\n250 answer slow\r\n221 bye\r\n',
    );
  });

  it('that fail or take too long are not answered, and the session goes on; a late answer is nothing', async (t) => {
    const oddities: string[] = [];
    const late = Promise.withResolvers<string>();
    const { client } = await talkingTo(
      t,
      {
        answer: (query) => (query === 'late' ? late.promise : Promise.reject(new Error('no store'))),
        onOddity: (what) => oddities.push(what),
      },
      { answer: 100 },
    );
    await client.expect('ASK failing', '451');
    client.write('ASK late\r\nx\r\n');
    assert.equal(await client.reply(), '451 no answer\r\n');
    assert.equal(await client.reply(), '250 x\r\n');
    late.resolve('too late');
    await sleep(20);
    client.write('QUIT\r\n');
    assert.equal(await client.rest(), '221 bye\r\n');
    assert.deepEqual(oddities, [
      'a question about this client was not answered: no store',
      'a question about this client was not answered in time',
    ]);
  });

  it('of a client that has gone are of no use to anybody', async (t) => {
    const answer = Promise.withResolvers<string>();
    const { client, listener } = await talkingTo(t, { answer: () => answer.promise });
    client.write('ASK x\r\n');
    await sleep(20);
    client.socket.resetAndDestroy();
    await sleep(20);
    answer.resolve('x');
    await listener.close(1_000);
  });

  it('a shutdown waits for the answer', async (t) => {
    const answer = Promise.withResolvers<string>();
    const { client, listener } = await talkingTo(t, { answer: () => answer.promise });
    client.write('ASK x\r\nNEVER\r\n');
    await sleep(20);
    const closed = listener.close(3_000);
    answer.resolve('x');
    assert.equal(await client.rest(), '250 answer x\r\n421 stopping\r\n');
    client.close();
    await closed;
  });
});

describe('notes', () => {
  it('are handed on as they are raised', async (t) => {
    const notes: string[] = [];
    const { client } = await talkingTo(t, { onNote: (note) => notes.push(note) });
    await client.expect('NOTE one', '250');
    assert.deepEqual(notes, ['one']);
    client.close();
  });
});
