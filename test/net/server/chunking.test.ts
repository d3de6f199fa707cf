/** BDAT on real sockets (RFC 3030): octets that are counted are content and nothing else. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, type RawClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay, type TestRelay } from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const envelope = 'MAIL FROM:<sender@origin.test>\r\nRCPT TO:<anna@far.test>\r\n';
/** So that the message waits, and its content is there to be looked at. */
const dns = { mx: () => Promise.resolve({ kind: 'unknown', because: 'no resolver' } as const) };

async function content({ store }: TestRelay, id: string): Promise<string> {
  const body = await store.body(id);
  assert.ok(body !== undefined, `no content of ${id}`);
  return body.kind === 'bytes' ? Buffer.from(body.bytes).toString('latin1') : readFile(body.path, 'latin1');
}

function codesOf(answers: string): string[] {
  return answers.split('\r\n').map((line) => line.slice(0, 3));
}

/** Octets that look like commands and like the end of content. */
const trap = 'Subject: x\r\n\r\n.\r\nMAIL FROM:<smuggled@origin.test>\r\nBDAT 3 LAST\r\n.\r\n';

describe('BDAT', () => {
  it('a whole message in one segment with everything around it', async (t) => {
    const relay = await startTestRelay(t, { keyPair, dns });
    const client = await greetedClient(relay.port);
    client.write(`${envelope}BDAT ${trap.length}\r\n${trap}BDAT 0 LAST\r\nQUIT\r\n`);
    const answers = await client.rest();
    assert.deepEqual(codesOf(answers), ['250', '250', '250', '250', '221', '']);
    const kept = await content(relay, /kept as ([a-z0-9]+)/.exec(answers)?.[1] ?? '');
    assert.ok(kept.endsWith(`\r\n${trap}`), kept);
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 1);
  });

  it('any cut of the octets gives the same', async (t) => {
    const relay = await startTestRelay(t, { keyPair, dns });
    for (const size of [1, 2, 7]) {
      const client = await greetedClient(relay.port);
      const octets = `${envelope}BDAT 7\r\n.\r\n..\r\nBDAT 3 LAST\r\n.\r\nQUIT\r\n`;
      for (let at = 0; at < octets.length; at += size) {
        client.write(octets.slice(at, at + size));
        await sleep(1);
      }
      assert.deepEqual(codesOf(await client.rest()), ['250', '250', '250', '250', '221', '']);
    }
  });

  it('a message of megabytes in many chunks, in TLS, goes into a file as it came', async (t) => {
    const relay = await startTestRelay(t, { keyPair, dns });
    const client = await greetedClient(relay.port);
    await client.expect('STARTTLS', '220');
    await client.secure();
    await client.expect('EHLO client.test', '250');
    client.write(envelope);
    await client.reply();
    await client.reply();
    const chunk = `${'y'.repeat(70)}\r\n`.repeat(1_000);
    for (let n = 0; n < 40; n++) {
      client.write(`BDAT ${chunk.length}\r\n${chunk}`);
      assert.match(await client.reply(), /^250 /);
    }
    const last = await client.expect('BDAT 0 LAST', '250');
    const kept = await content(relay, /kept as ([a-z0-9]+)/.exec(last)?.[1] ?? '');
    assert.ok(kept.endsWith(chunk.repeat(40)));
    client.close();
  });

  it('of a client that leaves between two chunks nothing stays', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    for (const leave of [
      (client: RawClient) => client.end(),
      (client: RawClient) => void client.socket.resetAndDestroy(),
    ]) {
      const client = await greetedClient(relay.port);
      const chunk = `${'y'.repeat(70)}\r\n`.repeat(5_000);
      client.write(`${envelope}BDAT ${chunk.length}\r\n${chunk}`);
      for (let n = 0; n < 3; n++) await client.reply();
      assert.equal((await relay.incoming()).length, 1);
      leave(client);
      await eventually('an empty folder', async () =>
        (await relay.incoming()).length === 0 ? true : undefined,
      );
      client.close();
    }
    assert.deepEqual(relay.events, []);
  });

  it('a message that comes an octet a chunk is cut like slow DATA, and nothing of it stays', async (t) => {
    const relay = await startTestRelay(t, {
      keyPair,
      serverPatience: { dataGrace: 300, minimumRate: 1_000 },
    });
    const client = await greetedClient(relay.port);
    client.write(`${envelope}BDAT 1\r\nx`);
    const drip = setInterval(() => client.write('NOOP\r\nBDAT 1\r\nx'), 50);
    const started = performance.now();
    assert.match(await client.rest(), /^421 4\.4\.2 /m);
    assert.ok(performance.now() - started < 2_000);
    clearInterval(drip);
    client.close();
    assert.deepEqual(relay.events, []);
  });

  it('a chunk beyond the limit is read, forgotten and answered, and what follows runs', async (t) => {
    const relay = await startTestRelay(t, { keyPair, settings: { maxMessageBytes: 1_000 } });
    const client = await greetedClient(relay.port);
    client.write(`${envelope}BDAT 1500\r\n${'QUIT\r\n'.repeat(250)}RSET\r\nNOOP\r\n`);
    const replies = [];
    for (let n = 0; n < 5; n++) replies.push((await client.reply()).slice(0, 3));
    assert.deepEqual(replies, ['250', '250', '552', '250', '250']);
    client.write(`${envelope}BDAT 4000000000 LAST\r\nNOOP\r\n`);
    assert.deepEqual(codesOf(await client.rest()), ['250', '250', '552', '']);
    client.close();
  });
});
