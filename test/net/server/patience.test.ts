/** Clients that take their time, all of our memory, or leave in the middle. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, type RawClient, rawClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay, transaction } from '../../support/relay.ts';
import { startTwin } from './twins.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const MEGABYTE = 1024 * 1024;

async function inContent(port: number): Promise<RawClient> {
  const client = await greetedClient(port);
  await client.expect('MAIL FROM:<sender@origin.test>', '250');
  await client.expect('RCPT TO:<anna@far.test>', '250');
  await client.expect('DATA', '354');
  return client;
}

/** The start of a TLS record that announces 16 KB, so that nothing is wrong with it for a long time. */
const endlessHello = Buffer.concat([Buffer.from([0x16, 0x03, 0x01, 0x40, 0x00, 0x01]), Buffer.alloc(1_000)]);

/** Sends octets one by one, and waits for the end; Infinity where it does not come. */
async function msUntilCut(
  client: RawClient,
  everyMs: number,
  octets = Buffer.alloc(1_000, 'x'),
): Promise<number> {
  const started = performance.now();
  let sent = 0;
  const drip = setInterval(() => client.socket.write(octets.subarray(sent, ++sent)), everyMs);
  const cut = await Promise.race([client.rest().then(() => true), sleep(1_500, false)]);
  clearInterval(drip);
  client.close();
  return cut ? performance.now() - started : Number.POSITIVE_INFINITY;
}

describe('slow clients', () => {
  it('a command line that never ends is cut at an absolute deadline, with 421', async (t) => {
    const relay = await startTestRelay(t, { keyPair, serverPatience: { command: 300 } });
    const client = await greetedClient(relay.port);
    assert.ok((await msUntilCut(client, 50)) < 2_000);
    assert.match(await client.rest(), /^421 4\.4\.2 /);
  });

  it('the same check convicts a server whose deadline every octet moves', async (t) => {
    const twin = await startTwin(t, keyPair, 'idle-timeout-only');
    assert.equal(await msUntilCut(await greetedClient(twin.port), 50), Number.POSITIVE_INFINITY);
  });

  it('a handshake that comes octet by octet is cut at an absolute deadline', async (t) => {
    const relay = await startTestRelay(t, { keyPair, serverPatience: { command: 5_000, handshake: 300 } });
    const client = await greetedClient(relay.port);
    await client.expect('STARTTLS', '220');
    assert.ok((await msUntilCut(client, 50, endlessHello)) < 1_400);
  });

  it('a handshake that never begins is cut as well', async (t) => {
    const relay = await startTestRelay(t, { keyPair, serverPatience: { command: 5_000, handshake: 300 } });
    const client = await greetedClient(relay.port);
    await client.expect('STARTTLS', '220');
    assert.ok((await msUntilCut(client, 50, Buffer.alloc(0))) < 1_400);
  });

  it('content below the minimum rate is cut, and nothing of it stays', async (t) => {
    const relay = await startTestRelay(t, {
      keyPair,
      serverPatience: { dataGrace: 300, minimumRate: 1_000 },
    });
    const client = await inContent(relay.port);
    assert.ok((await msUntilCut(client, 50)) < 2_000);
    assert.match(await client.rest(), /^421 4\.4\.2 /);
    assert.deepEqual(relay.events, []);
  });

  it('content above the minimum rate may take longer than the grace', async (t) => {
    const relay = await startTestRelay(t, { keyPair, serverPatience: { dataGrace: 100, minimumRate: 100 } });
    const client = await inContent(relay.port);
    for (let n = 0; n < 20; n++) {
      client.write('twenty octets and no more\r\n');
      await sleep(25);
    }
    await client.expect('.', '250');
    client.close();
  });
});

describe('pipelining', () => {
  it('10,000 commands at once that lead to no message: the session ends before most are answered', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    client.socket.pause();
    client.write('NOOP\r\n'.repeat(10_000));
    await sleep(100);
    client.socket.resume();
    const answers = (await client.rest()).split('\r\n');
    assert.ok(answers.length < 200, `${answers.length} answers`);
    assert.match(answers.at(-2) ?? '', /^421 4\.7\.0 /);
  });

  it('300 messages in one write, their answers unread for a while: all are kept and answered', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    client.socket.pause();
    const one = 'MAIL FROM:<>\r\nRCPT TO:<a@far.test>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n';
    client.write(`${one.repeat(300)}QUIT\r\n`);
    await sleep(100);
    client.socket.resume();
    const codes = (await client.rest()).split('\r\n').map((line) => line.slice(0, 3));
    assert.deepEqual(codes, [
      ...Array.from({ length: 300 }, () => ['250', '250', '354', '250']).flat(),
      '221',
      '',
    ]);
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 300);
  });

  it('a whole transaction with QUIT in one segment', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    client.write(
      'MAIL FROM:<a@origin.test>\r\nRCPT TO:<b@far.test>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n',
    );
    const codes = (await client.rest()).split('\r\n').map((line) => line.slice(0, 3));
    assert.deepEqual(codes, ['250', '250', '354', '250', '221', '']);
  });
});

describe('clients that close their side', () => {
  it('after QUIT: 221 still comes', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    client.write('QUIT\r\n');
    client.end();
    assert.match(await client.rest(), /^221 /);
  });

  it('after the final dot: 250 still comes, and the message is kept', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await inContent(relay.port);
    client.write('Subject: x\r\n\r\nx\r\n.\r\n');
    client.end();
    assert.match(await client.rest(), /^250 2\.0\.0 kept as /);
    assert.equal(relay.events[0]?.event, 'received');
  });

  it('after the final dot of a message that goes into a file', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await inContent(relay.port);
    client.write(`Subject: x\r\n\r\n${`${'y'.repeat(70)}\r\n`.repeat(20_000)}.\r\n`);
    client.end();
    assert.match(await client.rest(), /^250 2\.0\.0 kept as /);
  });

  for (const [how, leave] of [
    ['closes its side', (client: RawClient) => client.end()],
    ['resets', (client: RawClient) => client.socket.resetAndDestroy()],
  ] as const) {
    it(`in the middle of a large message (${how}): nothing of it stays, and the place is free`, async (t) => {
      // Without the content in its hands while the disk is waited for, the server leaves file and handle behind.
      const relay = await startTestRelay(t, { keyPair, limits: { sessions: 4 } });
      for (let n = 0; n < 4; n++) {
        const client = await inContent(relay.port);
        client.write(`${'y'.repeat(70)}\r\n`.repeat(10_000));
        await eventually('a file', async () => ((await relay.incoming()).length > 0 ? true : undefined));
        client.write(`${'z'.repeat(70)}\r\n`.repeat(5_000));
        await sleep(n);
        leave(client);
        await eventually('no file', async () => ((await relay.incoming()).length === 0 ? true : undefined));
      }
      const client = await eventually('a place', async () => {
        const next = await rawClient(relay.port);
        if ((await next.reply()).startsWith('220')) return next;
        next.close();
        return undefined;
      });
      await client.expect('EHLO client.test', '250');
      client.close();
      assert.deepEqual(relay.events, []);
    });
  }
});

describe('sizes', () => {
  it('a line of 60,000 octets is dropped to its end and answered once', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect(`NOOP ${'x'.repeat(60_000)}`, '500 5.5.2');
    await client.expect('NOOP', '250');
    client.close();
  });

  for (const where of ['in clear', 'in TLS'] as const) {
    it(`a line that never ends (${where}) is answered, and neither read nor run any further`, async (t) => {
      const relay = await startTestRelay(t, { keyPair });
      const client = await greetedClient(relay.port);
      if (where === 'in TLS') {
        await client.expect('STARTTLS', '220');
        await client.secure();
        await client.expect('EHLO client.test', '250');
      }
      const { socket } = client;
      const pump = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(MEGABYTE, 'x')));
      };
      socket.on('drain', pump);
      pump();
      assert.match(await client.rest(), /^500 5\.5\.2 [^\r\n]*\r\n$/);
      await sleep(300);
      // What the kernel takes in on both sides is not read by anybody.
      assert.ok(socket.bytesWritten - socket.writableLength < 32 * MEGABYTE, `${socket.bytesWritten} octets`);
      client.close();
      assert.deepEqual(relay.oddities.filter((one) => /without end/.test(one)).length, 1);
    });
  }

  it('a line of a megabyte and its end at once: what follows it does not run', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    client.write(`NOOP ${'x'.repeat(MEGABYTE)}\r\nNOOP\r\n`);
    assert.match(await client.rest(), /^500 5\.5\.2 [^\r\n]*\r\n$/);
    client.close();
  });

  it('RFC 1870 §6.3: a message above the limit gets 552, and the session goes on', async (t) => {
    const relay = await startTestRelay(t, { keyPair, settings: { maxMessageBytes: 200_000 } });
    const client = await inContent(relay.port);
    client.write(`${'x'.repeat(70)}\r\n`.repeat(3_500));
    await client.expect('.', '552 5.3.4');
    await eventually('no file', async () => ((await relay.incoming()).length === 0 ? true : undefined));
    await client.expect('MAIL FROM:<a@origin.test> SIZE=200001', '552');
    await transaction(client, { to: ['anna@far.test'] });
    client.close();
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 1);
  });

  it('content of more than twice the limit is not read to its end', async (t) => {
    const relay = await startTestRelay(t, { keyPair, settings: { maxMessageBytes: 100_000 } });
    const client = await inContent(relay.port);
    client.socket.on('error', () => client.socket.destroy());
    client.write(Buffer.alloc(2 * MEGABYTE, 'x'));
    await client.rest();
    await eventually('a word in the log', () => relay.oddities.find((one) => /twice the limit/.test(one)));
    await eventually('no file', async () => ((await relay.incoming()).length === 0 ? true : undefined));
  });
});
