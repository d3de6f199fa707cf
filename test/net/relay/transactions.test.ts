/** One message after the other over one connection, and one message to several recipients. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsLevel } from '../../../src/policies/words.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, type Script, startHostileServer } from '../../support/hostile-server.ts';
import { greetedClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay, type TestRelay, transaction } from '../../support/relay.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.test'] });

interface Setting {
  readonly peer: HostileServer;
  readonly relay: TestRelay;
}

async function setting(
  t: TestContext,
  script: Partial<Script> = {},
  level: TlsLevel | (() => TlsLevel) = 'authenticate',
): Promise<Setting> {
  const peer = await startHostileServer(certificate, script);
  t.after(() => peer.close());
  const to = { host: 'mx.test', port: peer.port };
  const relay = await startTestRelay(t, {
    routes: ['far.test', 'other.test', 'origin.test'].map((domain) => ({ domain, to })),
    level,
    trust: [authority.certPem],
    keyPair: certificate,
  });
  return { peer, relay };
}

function delivered(relay: TestRelay, count: number): Promise<true> {
  return eventually(`${count} deliveries`, () =>
    relay.events.filter(({ event }) => event === 'delivered').length >= count ? true : undefined,
  );
}

describe('reuse of connections', () => {
  it('50 messages to one host need few connections', async (t) => {
    const { peer, relay } = await setting(t);
    const client = await greetedClient(relay.port);
    for (let n = 0; n < 50; n++) await transaction(client, { to: ['anna@far.test'] });
    client.close();
    await delivered(relay, 50);
    assert.equal(peer.messages.length, 50);
    const connections = peer.conversations();
    assert.ok(connections.length <= 5, `${connections.length} connections`);
    for (const { handshake, plain } of connections) {
      assert.equal(handshake, 'done');
      assert.doesNotMatch(plain, /MAIL/);
    }
  });

  it('a connection opened under a weaker level is not reused where TLS must authenticate', async (t) => {
    let level: TlsLevel = 'may';
    const { peer, relay } = await setting(t, {}, () => level);
    await relay.send({ to: ['anna@far.test'] });
    await delivered(relay, 1);
    level = 'authenticate';
    await relay.send({ to: ['anna@far.test'] });
    await delivered(relay, 2);
    assert.deepEqual(
      peer.messages.map(({ connection }) => connection),
      [0, 1],
    );
    await relay.send({ to: ['anna@far.test'] });
    await delivered(relay, 3);
    assert.equal(peer.messages[2]?.connection, 1, 'under the same rule it is reused');
  });

  it('octets between two messages close the connection; the next message gets a new one', async (t) => {
    // A driver that keeps the leftover would take the stray 250 for the answer to its next MAIL.
    const { peer, relay } = await setting(t, {
      answer: (verb) => (verb === 'DOT' ? { say: '250 taken\r\n250 and more\r\n' } : undefined),
    });
    await relay.send({ to: ['anna@far.test'] });
    await delivered(relay, 1);
    await sleep(50);
    await relay.send({ to: ['anna@far.test'] });
    await delivered(relay, 2);
    assert.deepEqual(
      peer.messages.map(({ connection }) => connection),
      [0, 1],
    );
  });

  it('a connection that the peer closed between two messages costs no attempt', async (t) => {
    const { peer, relay } = await setting(t, {
      answer: (verb) => (verb === 'DOT' ? { say: '250 taken\r\n', next: 'close' } : undefined),
    });
    for (let n = 1; n <= 3; n++) {
      await relay.send({ to: ['anna@far.test'] });
      await delivered(relay, n);
    }
    assert.ok(relay.events.every(({ event }) => event === 'received' || event === 'delivered'));
    assert.equal(peer.messages.length, 3);
  });

  it('what was said for one message is not in the transcript of another', async (t) => {
    const { relay } = await setting(t, {
      answer: (verb, path) =>
        verb === 'RCPT' && path.includes('nobody') ? { say: '550 5.1.1 no\r\n' } : undefined,
    });
    await relay.send({ from: 'discreet@origin.test', to: ['secret@far.test'] });
    await delivered(relay, 1);
    const id = await relay.send({ from: '', to: ['nobody@far.test'] });
    await relay.until('dropped', ({ event }) => event === 'dropped');
    const trail = await relay.store.show(id);
    const said = (trail?.transcripts.flatMap(({ lines }) => lines) ?? []).join('\n');
    assert.match(said, /C: RCPT TO:<nobody@far\.test>/);
    assert.doesNotMatch(said, /secret|discreet/);
  });
});

describe('recipients of one message', () => {
  const refusing: Partial<Script> = {
    answer: (verb, path) =>
      verb === 'RCPT' && path.includes('nobody') ? { say: '550 5.1.1 unknown\r\n' } : undefined,
  };

  for (const pipelining of [true, false]) {
    it(`one is taken and one refused, ${pipelining ? 'pipelined' : 'one by one'}`, async (t) => {
      const offers = ['SIZE 50000000', '8BITMIME', 'STARTTLS', ...(pipelining ? ['PIPELINING'] : [])];
      const { peer, relay } = await setting(t, { ...refusing, offers });
      const id = await relay.send({ to: ['anna@far.test', 'nobody@far.test'] });
      await relay.until('the notification', (event) => event.event === 'delivered' && event.from === '');
      assert.deepEqual(await relay.states(id), {
        'anna@far.test': 'delivered',
        'nobody@far.test': 'bounced',
      });
      const [message, notice] = peer.messages;
      assert.deepEqual(message?.recipients, ['anna@far.test']);
      assert.equal(notice?.sender, '');
      const text = notice.content.toString();
      assert.match(text, /^Final-Recipient: rfc822; nobody@far\.test\r$/m);
      assert.match(text, /^Status: 5\.1\.1\r$/m);
      assert.match(text, /^Diagnostic-Code: smtp; 550 5\.1\.1 unknown\r$/m);
      assert.doesNotMatch(text, /Final-Recipient: rfc822; anna/);
    });
  }

  it('all are refused: the next message uses the same connection, after RSET', async (t) => {
    const { peer, relay } = await setting(t, { ...refusing, offers: ['STARTTLS'] });
    await relay.send({ from: '', to: ['nobody@far.test'] });
    await relay.until('dropped', ({ event }) => event === 'dropped');
    await relay.send({ from: '', to: ['anna@far.test'] });
    await delivered(relay, 1);
    assert.equal(peer.conversations().length, 1);
    assert.match(peer.conversations()[0]?.inside ?? '', /RCPT TO:<nobody@far\.test>\r\nRSET\r\nMAIL/);
  });

  it('354 although every recipient was refused: the empty message is ended and counts for nobody', async (t) => {
    const { peer, relay } = await setting(t, refusing);
    const id = await relay.send({ from: '', to: ['nobody@far.test'] });
    await relay.until('dropped', ({ event }) => event === 'dropped');
    assert.deepEqual(await relay.states(id), { 'nobody@far.test': 'bounced' });
    assert.match(peer.conversations()[0]?.inside ?? '', /DATA\r\n\.\r\n/);
  });

  it('each domain has its own transaction, as each has its own decision', async (t) => {
    const { peer, relay } = await setting(t);
    const id = await relay.send({ to: ['anna@far.test', 'bob@other.test', 'carl@far.test'] });
    await delivered(relay, 3);
    assert.deepEqual(peer.messages.map(({ recipients }) => recipients.join()).toSorted(), [
      'anna@far.test,carl@far.test',
      'bob@other.test',
    ]);
    assert.ok(Object.values(await relay.states(id)).every((state) => state === 'delivered'));
  });
});
