/**
 * SMTP smuggling: content whose end two servers see in different places.
 *
 * CVE-2023-51764, -51765, -51766. Whatever stands around the dot, one message comes of it or none, never two.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, type RawClient } from '../../support/raw-client.ts';
import { startTestRelay, type TestRelay } from '../../support/relay.ts';
import { startTwin } from './twins.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

const lineEnds = ['\r\n', '\n', '\r', '\r\r\n', '\n\r', '\0\r\n', '\r\0\n', '\r\n\0', '\n\n', '\r\r'];
const trueEnd = '\r\n.\r\n';
/** Every pair around a dot but the true one, and dots that are not alone. */
const falseEnds = [
  ...lineEnds.flatMap((before) => lineEnds.map((after) => `${before}.${after}`)),
  '\r\n..\n',
  '\r\n.\r',
  '\r\n.\0\r\n',
  '\n.\r\n\n',
].filter((end) => !end.includes(trueEnd));

const smuggled =
  'MAIL FROM:<smuggled@origin.test>\r\nRCPT TO:<victim@far.test>\r\nDATA\r\nSubject: two\r\n\r\ntwo\r\n.\r\n';

/** Sends one message that holds `falseEnd` and commands behind it, and reads until the session has said goodbye. */
async function conversation(client: RawClient, falseEnd: string): Promise<string> {
  await client.expect('MAIL FROM:<sender@origin.test>', '250');
  await client.expect('RCPT TO:<anna@far.test>', '250');
  await client.expect('DATA', '354');
  client.write(`Subject: one\r\n\r\none${falseEnd}${smuggled}`);
  client.write('QUIT\r\n');
  return client.rest();
}

describe('ends of content with bare CR, bare LF or NUL', () => {
  it(`${falseEnds.length} variants: refused with 554, and the commands behind them are content`, async (t) => {
    const relay = await startTestRelay(t, { keyPair, limits: { sessions: 1000 } });
    const answers = await Promise.all(
      falseEnds.map(async (falseEnd) => conversation(await greetedClient(relay.port), falseEnd)),
    );
    for (const [index, answer] of answers.entries()) {
      const end = JSON.stringify(falseEnds[index]);
      const codes = answer.split('\r\n').map((line) => line.slice(0, 3));
      // One answer to the content, one to QUIT: nothing in between was taken for a command.
      assert.deepEqual(codes, ['554', '221', ''], `${end} was answered with ${answer}`);
    }
    assert.deepEqual(relay.events, [], 'nothing was kept');
    assert.equal(relay.oddities.length, falseEnds.length, 'and each left a word in the log');
  });

  it('the same check convicts a server that ends content at a dot between line feeds', async (t) => {
    const twin = await startTwin(t, keyPair, 'ends-at-bare-lf');
    await conversation(await greetedClient(twin.port), '\n.\n');
    assert.equal(twin.messages.length, 2);
  });

  it('clean content with dots in every place but the end is one message', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const answer = await conversation(await greetedClient(relay.port), '\r\n..\r\n.x\r\nx.\r\n');
    assert.match(answer, /^250 2\.0\.0 kept as [a-z0-9]+\r\n221 /);
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 1);
  });

  it('any cut of the octets gives the same', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    for (const size of [1, 2, 3, 5]) {
      const client = await greetedClient(relay.port);
      await client.expect('MAIL FROM:<sender@origin.test>', '250');
      await client.expect('RCPT TO:<anna@far.test>', '250');
      await client.expect('DATA', '354');
      const octets = 'x\r\n..\r\n.\r\nQUIT\r\n';
      for (let at = 0; at < octets.length; at += size) {
        client.write(octets.slice(at, at + size));
        await sleep(2);
      }
      assert.match(await client.rest(), /^250 [^\r]*\r\n221 [^\r]*\r\n$/, `pieces of ${size}`);
    }
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 4);
  });
});

describe('a listener that normalizes', () => {
  const listeners = [{ bareLineEnding: 'normalize' }] as const;
  /** So that the message waits, and its content is there to be looked at. */
  const noAnswer = { kind: 'unknown', because: 'no resolver' } as const;

  it('makes CRLF of bare line ends, and still ends content at CRLF "." CRLF only', async (t) => {
    const relay = await startTestRelay(t, {
      keyPair,
      listeners,
      dns: { mx: () => Promise.resolve(noAnswer) },
    });
    for (const falseEnd of ['\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n', '\r\n.\r']) {
      const answer = await conversation(await greetedClient(relay.port), falseEnd);
      assert.match(answer, /^250 [^\r]*\r\n221 [^\r]*\r\n$/, JSON.stringify(falseEnd));
      const kept = await content(relay, /kept as ([a-z0-9]+)/.exec(answer)?.[1] ?? '');
      assert.match(kept, /\r\nMAIL FROM:<smuggled@origin\.test>\r\n/, 'it is content');
      assert.doesNotMatch(kept, /[^\r]\n|\r[^\n]/);
    }
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 5);
  });

  it('refuses NUL all the same', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners });
    assert.match(await conversation(await greetedClient(relay.port), '\n\0\n'), /^554 5\.6\.0 [^\r]*NUL/);
  });

  it('takes commands that end in a bare LF', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners });
    const client = await greetedClient(relay.port);
    client.write('NOOP\nQUIT\n');
    assert.match(await client.rest(), /^250 [^\r]*\r\n221 /);
  });
});

describe('command lines', () => {
  for (const [what, line] of [
    ['a bare LF', 'NOOP\nMAIL FROM:<a@origin.test>\r\n'],
    ['a bare CR', 'NOOP\rMAIL FROM:<a@origin.test>\r\n'],
    ['a NUL', 'NOOP\0\r\nMAIL FROM:<a@origin.test>\r\n'],
  ] as const) {
    it(`${what} in one ends the session: what follows may not be a command`, async (t) => {
      const relay = await startTestRelay(t, { keyPair });
      const client = await greetedClient(relay.port);
      client.write(line);
      assert.match(await client.rest(), /^500 5\.5\.2 [^\r]*\r\n$/);
    });
  }
});

/** What was kept. */
async function content(relay: TestRelay, id: string): Promise<string> {
  const body = await relay.store.body(id);
  assert.ok(body?.kind === 'bytes');
  return Buffer.from(body.bytes).toString('latin1');
}
