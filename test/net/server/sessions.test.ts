/** How many sessions there may be, and how they end when the relay does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, rawClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay } from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

describe('limits', () => {
  it('60 connections at once where 50 are allowed: ten get 421, and places become free again', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const clients = await Promise.all(Array.from({ length: 60 }, () => rawClient(relay.port)));
    const greetings = await Promise.all(clients.map((client) => client.reply()));
    assert.equal(greetings.filter((reply) => reply.startsWith('220 ')).length, 50);
    assert.equal(greetings.filter((reply) => reply.startsWith('421 4.3.2 ')).length, 10);
    const refused = clients.filter((_, index) => greetings[index]?.startsWith('421'));
    assert.deepEqual(await Promise.all(refused.map((client) => client.rest())), Array(10).fill(''));
    for (const client of clients) client.close();
    const again = await eventually('a place', async () => {
      const next = await rawClient(relay.port);
      const reply = await next.reply();
      next.close();
      return reply.startsWith('220 ') ? reply : undefined;
    });
    assert.match(again, /^220 /);
  });

  it('after ten errors the session ends', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    client.write('WHAT\r\n'.repeat(20));
    const answers = (await client.rest()).split('\r\n');
    assert.equal(answers.filter((line) => line.startsWith('500 ')).length, 10);
    assert.match(answers.at(-2) ?? '', /^421 4\.7\.0 /);
  });

  it('ALPACA: a browser that is made to speak to us is cut off at its first line', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await rawClient(relay.port);
    await client.reply();
    client.write('POST / HTTP/1.1\r\nHost: relay.test\r\n\r\nMAIL FROM:<a@origin.test>\r\n');
    assert.match(await client.rest(), /^421 [^\r]*HTTP\r\n$/);
  });

  it('a client outside the networks may not relay', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners: [{ networks: [] }] });
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<a@origin.test>', '550 5.7.1');
    client.close();
  });
});

describe('the end of the service', () => {
  it('a message under way is finished and answered; then comes 421', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const [sending, idle] = [await greetedClient(relay.port), await greetedClient(relay.port)];
    await sending.expect('MAIL FROM:<sender@origin.test>', '250');
    await sending.expect('RCPT TO:<anna@far.test>', '250');
    await sending.expect('DATA', '354');
    const closed = relay.close(5_000);
    assert.match(await idle.rest(), /^421 4\.3\.2 /);
    await assert.rejects(rawClient(relay.port), /./, 'nobody new is let in');
    sending.write('Subject: last\r\n\r\nlast\r\n');
    await sleep(20);
    // The next transaction is in the same segment: it must not begin.
    sending.write('.\r\nMAIL FROM:<a@origin.test>\r\nRCPT TO:<b@far.test>\r\nDATA\r\n');
    assert.match(await sending.rest(), /^250 2\.0\.0 kept as [a-z0-9]+\r\n421 4\.3\.2 [^\r]*\r\n$/);
    const started = performance.now();
    for (const client of [sending, idle]) client.close();
    await closed;
    assert.ok(performance.now() - started < 2_000, 'the grace is not waited for');
    assert.equal(relay.events.filter(({ event }) => event === 'received').length, 1);
  });

  it('a message that is refused ends the session too', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<sender@origin.test>', '250');
    await client.expect('RCPT TO:<anna@far.test>', '250');
    await client.expect('DATA', '354');
    const closed = relay.close(5_000);
    client.write('bare\nline feed\r\n.\r\n');
    assert.match(await client.rest(), /^554 [^\r]*\r\n421 4\.3\.2 [^\r]*\r\n$/);
    client.close();
    await closed;
  });

  it('a handshake under way ends in 421 inside TLS', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect('STARTTLS', '220');
    const closed = relay.close(5_000);
    await client.secure();
    assert.match(await client.rest(), /^421 4\.3\.2 /);
    client.close();
    await closed;
  });

  it('RFC 5321 §3.8: content that takes longer than the grace is told 421, and cut', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<sender@origin.test>', '250');
    await client.expect('RCPT TO:<anna@far.test>', '250');
    await client.expect('DATA', '354');
    client.write('Subject: never finished\r\n');
    const started = performance.now();
    await relay.close(200);
    assert.ok(performance.now() - started < 2_000);
    assert.match(await client.rest(), /^421 4\.3\.2 [^\r]* the service is stopping\r\n$/);
  });
});
