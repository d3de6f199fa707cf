/** Dialogues on a socket: waits that end, octets that nobody asked for, bodies that nobody reads. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { NetworkError } from '../../../src/net/error.ts';
import { type BodySource, receive, type Talk } from '../../../src/wire/bytes.ts';
import type { Channel } from '../../../src/wire/channel.ts';
import { LostError, PeerError } from '../../../src/wire/dialogue.ts';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/relay.ts';
import { asServer, connected, goAhead, type Pair, startTls } from './peer.ts';

function* line(channel: Channel): Talk<string> {
  channel.beginAnswer();
  return yield* channel.readLine(2048, 'reply');
}

function timedOut(error: unknown): boolean {
  return error instanceof NetworkError && error.code === 'timeout' && /peer\.test/.test(error.message);
}

function faultOf(code: string): (error: unknown) => boolean {
  return (error) => error instanceof PeerError && error.code === code;
}

describe('deadlines', () => {
  it('an answer that does not come: the wait ends, and the message says whose and how long', async (t) => {
    const { connection } = await connected(t);
    await assert.rejects(connection.run(line(connection.channel)), /did not answer \(reply\) within 0\.3 s/);
    assert.equal(connection.usable, false);
  });

  it('RFC 5321 §4.5.3.2: half an answer and then silence ends as well', async (t) => {
    // A deadline that is dropped with the first octets leaves the delivery hanging for ever.
    const { connection, peer } = await connected(t);
    const answer = connection.run(line(connection.channel));
    peer.write('250-half');
    await assert.rejects(answer, timedOut);
  });

  it('an answer that comes octet by octet is cut at the deadline of the whole', async (t) => {
    const { connection, peer } = await connected(t);
    const started = performance.now();
    const drip = setInterval(() => peer.write('2'), 40);
    t.after(() => clearInterval(drip));
    await assert.rejects(connection.run(line(connection.channel)), timedOut);
    assert.ok(performance.now() - started < 1_000);
  });

  it('each answer has its own deadline', async (t) => {
    const { connection, peer } = await connected(t);
    function* five(channel: Channel): Talk<number> {
      for (let n = 1; n <= 5; n++) yield* line(channel);
      return 5;
    }
    const answers = connection.run(five(connection.channel));
    for (let n = 1; n <= 5; n++) {
      await sleep(120);
      peer.write('250 ok\r\n');
    }
    assert.equal(await answers, 5);
  });

  it('none is left over when a dialogue is done', async (t) => {
    const { connection, peer } = await connected(t);
    peer.write('220 hello\r\n');
    await connection.run(line(connection.channel));
    await sleep(500);
    assert.equal(connection.usable, true);
  });
});

describe('between dialogues', () => {
  async function greeted({ connection, peer }: Pair): Promise<void> {
    peer.write('220 hello\r\n');
    await connection.run(line(connection.channel));
  }

  it('an octet that nobody asked for closes the connection', async (t) => {
    const pair = await connected(t);
    await greeted(pair);
    pair.peer.write('2');
    await eventually('the end', () => (pair.connection.usable ? undefined : true));
    await assert.rejects(pair.connection.run(line(pair.connection.channel)), faultOf('unsolicited'));
  });

  it('an end that nobody asked for closes it too', async (t) => {
    const pair = await connected(t);
    await greeted(pair);
    pair.peer.end();
    await eventually('the end', () => (pair.connection.usable ? undefined : true));
    await assert.rejects(pair.connection.run(line(pair.connection.channel)), faultOf('closed'));
  });

  it('what was left unread stops the next command', async (t) => {
    const { connection, peer } = await connected(t);
    peer.write('220 hello\r\n250 early\r\n');
    await connection.run(line(connection.channel));
    await assert.rejects(connection.run(connection.channel.say('EHLO x\r\n')), faultOf('unsolicited'));
  });

  it('only one dialogue runs at a time', async (t) => {
    const { connection, peer } = await connected(t);
    const first = connection.run(line(connection.channel));
    assert.throws(() => connection.run(line(connection.channel)), /a dialogue is running/);
    peer.write('220 hello\r\n');
    assert.equal(await first, '220 hello');
  });
});

describe('bodies', () => {
  const piece = Buffer.from(`${'.'.padEnd(70, 'x')}\r\n`.repeat(1_000));

  function streamOf(pieces: number, end?: Promise<void>): BodySource {
    return {
      kind: 'stream',
      async *open() {
        for (let n = 0; n < pieces; n++) yield piece;
        await end;
      },
    };
  }

  it('a slow reader gets all of it, stuffed', async (t) => {
    const { connection, peer } = await connected(t, { patience: { dataBlock: 2_000 } });
    const received = slowly(peer);
    function* send(channel: Channel): Talk<string> {
      assert.equal(yield* channel.sayBody(streamOf(200), 'dots'), 'in-turn');
      return yield* line(channel);
    }
    const answer = connection.run(send(connection.channel));
    const expected = createHash('sha256');
    for (let n = 0; n < 200; n++) expected.update(piece.toString('latin1').replace(/^\./gm, '..'));
    assert.equal(await received, expected.update('.\r\n').digest('hex'));
    peer.write('250 ok\r\n');
    assert.equal(await answer, '250 ok');
  });

  it('a peer that reads no more and says nothing is given up', async (t) => {
    const { connection } = await connected(t);
    await assert.rejects(
      connection.run(connection.channel.sayBody(streamOf(1_000), 'dots')),
      /did not take more of the message within 0\.3 s/,
    );
  });

  it('an answer in the middle ends the sending: the rest is not waited for', async (t) => {
    const { connection, peer } = await connected(t);
    function* send(channel: Channel): Talk<[string, string]> {
      return [yield* channel.sayBody(streamOf(1_000), 'dots'), yield* line(channel)];
    }
    const answer = connection.run(send(connection.channel));
    await sleep(100);
    peer.write('552 too big\r\n');
    assert.deepEqual(await answer, ['early', '552 too big']);
  });

  it('a peer that closes in the middle ends the sending as well', async (t) => {
    const { connection, peer } = await connected(t);
    function* send(channel: Channel): Talk<unknown> {
      return [yield* channel.sayBody(streamOf(1_000), 'dots'), yield* receive('reply', true)];
    }
    const answer = connection.run(send(connection.channel));
    await sleep(100);
    peer.end();
    assert.deepEqual(await answer, ['early', undefined]);
  });

  it('no more than 64 KB that nobody asked for are kept meanwhile', async (t) => {
    const { connection, peer } = await connected(t);
    const forever = Promise.withResolvers<void>();
    const sending = connection.run(connection.channel.sayBody(streamOf(0, forever.promise), 'dots'));
    const rejected = assert.rejects(sending, /more than 65536 octets that nobody asked for/);
    peer.write('x'.repeat(200_000));
    await rejected;
    forever.resolve();
  });

  it('content that cannot be read ends the connection before the end of the message is sent', async (t) => {
    const { connection, peer } = await connected(t);
    const seen: Buffer[] = [];
    peer.on('data', (bytes: Buffer) => seen.push(bytes));
    const broken = streamOf(1, Promise.reject(new Error('EIO: the disk')));
    await assert.rejects(connection.run(connection.channel.sayBody(broken, 'dots')), /EIO: the disk/);
    peer.resume();
    await once(peer, 'end');
    assert.doesNotMatch(Buffer.concat(seen).toString('latin1'), /\r\n\.\r\n$/);
  });
});

describe('bodies by their number of octets', () => {
  const bytes = Buffer.from('.\r\nx\r\n');

  function* sendAs(channel: Channel, octets: number): Talk<string> {
    yield* channel.say(`BDAT ${octets} LAST\r\n`);
    yield* channel.sayBody({ kind: 'bytes', bytes }, { octets });
    return yield* line(channel);
  }

  it('go out as they are, in one write with what announces them', async (t) => {
    const { connection, peer } = await connected(t);
    const answer = connection.run(sendAs(connection.channel, bytes.length));
    const [said]: Buffer[] = await once(peer.resume(), 'data');
    assert.equal(String(said), `BDAT ${bytes.length} LAST\r\n${String(bytes)}`);
    peer.write('250 ok\r\n');
    assert.equal(await answer, '250 ok');
  });

  it('of another number: the connection ends, and not even the announcement is sent', async (t) => {
    for (const octets of [bytes.length - 1, bytes.length + 1]) {
      const { connection, peer } = await connected(t);
      await assert.rejects(
        connection.run(sendAs(connection.channel, octets)),
        /announced with \d+ octets has/,
      );
      assert.equal(connection.usable, false);
      const seen: Buffer[] = [];
      peer.on('data', (piece: Buffer) => seen.push(piece));
      await once(peer.resume(), 'end');
      assert.deepEqual(seen, []);
    }
  });
});

describe('a connection that breaks under a dialogue', () => {
  function* saving(channel: Channel): Talk<[string, string]> {
    const first = yield* line(channel);
    try {
      return [first, yield* line(channel)];
    } catch (error) {
      if (error instanceof LostError) return [first, error.message];
      throw error;
    }
  }

  it('leaves it what it knows: after a timeout and after a reset', async (t) => {
    for (const [end, says] of [
      [(): void => undefined, /did not answer \(reply\) within 0\.3 s/],
      [(peer: Socket): void => void peer.resetAndDestroy(), /ECONNRESET/],
    ] as const) {
      const { connection, peer } = await connected(t);
      const outcome = connection.run(saving(connection.channel));
      peer.write('250 one\r\n');
      await sleep(50);
      end(peer);
      const [first, second] = await outcome;
      assert.equal(first, '250 one');
      assert.match(second, says);
      assert.equal(connection.usable, false);
    }
  });
});

describe('transcripts', () => {
  it('are bounded, and show octets as printable text', async (t) => {
    const { connection, peer } = await connected(t);
    peer.write('220 \u0007bell\r\n');
    await connection.run(line(connection.channel));
    assert.deepEqual(connection.takeTranscript(), ['S: 220 \\x07bell']);
    for (let n = 0; n < 300; n++) {
      await connection.run(connection.channel.say('NOOP\r\n'));
      peer.write('250 ok\r\n');
      await connection.run(line(connection.channel));
    }
    assert.equal(connection.takeTranscript().length, 400);
    assert.deepEqual(connection.takeTranscript(), []);
  });
});

/** Reads a little every now and then. @returns the hash of everything up to the end of the content. */
async function slowly(peer: Socket): Promise<string> {
  const hash = createHash('sha256');
  let last = '';
  while (!last.endsWith('\r\n.\r\n')) {
    const bytes: Buffer | null = peer.read();
    if (bytes === null) await once(peer, 'readable');
    else {
      hash.update(bytes);
      last = (last + bytes.subarray(-5).toString('latin1')).slice(-5);
    }
    await sleep(1);
  }
  return hash.digest('hex');
}

describe('a connection that is given away', () => {
  it('is paused, with what came and was not used, and nothing of what comes later is lost or heard twice', async (t) => {
    const { connection, peer } = await connected(t);
    const answer = connection.run(line(connection.channel));
    peer.write('250 ok\r\nrest');
    assert.equal(await answer, '250 ok');
    const { socket, unread } = connection.detach();
    assert.equal(Buffer.from(unread).toString(), 'rest');
    peer.write(' and more');
    await sleep(30);
    assert.equal(socket.readableFlowing, false);
    assert.deepEqual(
      [socket.listenerCount('data'), socket.listenerCount('end')],
      [0, 1],
      'only that of Node itself',
    );
    assert.equal(String(socket.read()), ' and more');
    assert.equal(connection.usable, false);
    assert.deepEqual(
      connection.takeTranscript().filter((said) => said.includes('and more')),
      [],
    );
  });

  it('keeps one listener for errors: one that nobody hears would end the process', async (t) => {
    const { connection, peer } = await connected(t);
    const { socket } = connection.detach();
    peer.resetAndDestroy();
    socket.resume();
    await eventually('the end', () => socket.destroyed || undefined);
  });

  it('has no deadline of ours any more', async (t) => {
    const { connection, peer } = await connected(t);
    const answer = connection.run(line(connection.channel));
    peer.write('250 ok\r\n');
    await answer;
    const { socket } = connection.detach();
    await sleep(400);
    assert.ok(!socket.destroyed);
    socket.destroy();
  });

  it('inside TLS it is the TLS socket', async (t) => {
    const { connection, peer } = await connected(t);
    const upgraded = connection.run(startTls(connection.channel));
    await goAhead(peer);
    const inside = asServer(peer, await certificate());
    await upgraded;
    const { socket } = connection.detach();
    assert.ok(socket instanceof TLSSocket);
    inside.write('hello');
    const heard = await eventually<unknown>('hello', () => socket.read() ?? undefined);
    assert.equal(String(heard), 'hello');
    socket.destroy();
  });

  it('is not given away while a dialogue runs, nor when it is lost', async (t) => {
    const { connection, peer } = await connected(t);
    const answer = connection.run(line(connection.channel));
    assert.throws(() => connection.detach(), /a dialogue is running/);
    peer.write('250 ok\r\n');
    await answer;
    peer.write('250 again\r\n');
    await eventually('the end', () => !connection.usable || undefined);
    assert.throws(() => connection.detach(), { name: 'PeerError', code: 'unsolicited' });
    const other = await connected(t);
    other.peer.end();
    await eventually('the end', () => !other.connection.usable || undefined);
    assert.throws(() => other.connection.detach(), /closed the connection/);
  });
});

const certificate = async (): Promise<Certificate> =>
  (await createAuthority()).issue({ names: ['peer.test'] });
