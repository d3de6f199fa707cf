/** What senders are told of mail that leaves, and what of their wishes goes on with it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lookup } from '../../../src/net/dns.ts';
import { type Answer, startHostileServer } from '../../support/hostile-server.ts';
import { absent, found } from '../../support/lookup.ts';
import { DAY, domain, eventually, mxOf, startTestRelay, type TestRelay } from '../../support/relay.ts';
import { certificate, ended, handIn, notice, setting, startPeer } from './outgoing-setting.ts';

describe('an address beyond ASCII', () => {
  const offers = ['PIPELINING', '8BITMIME', 'STARTTLS'];
  const send = (relay: TestRelay): Promise<string> =>
    handIn(relay, ['<jörg@far.test>'], { mail: ' SMTPUTF8' });

  async function twoHosts(
    t: TestContext,
    second: readonly string[],
    addresses: Lookup<readonly string[]> = found(['127.0.0.2']),
  ) {
    const one = await startPeer(t, { offers });
    const two = await startHostileServer(
      certificate,
      { offers: second },
      { address: '127.0.0.2', port: one.port },
    );
    t.after(() => two.close());
    const relay = await startTestRelay(t, {
      keyPair: certificate,
      level: 'may',
      smtpPort: one.port,
      dns: {
        mx: (name) =>
          Promise.resolve(
            name === domain('far.test') ? mxOf('10 one.far.test', '20 two.far.test') : absent('no-such-name'),
          ),
        addresses: (host) => Promise.resolve(host.startsWith('two') ? addresses : found(['127.0.0.1'])),
      },
    });
    return { one, two, relay };
  }

  it('goes to the MX host that has SMTPUTF8', async (t) => {
    const { one, two, relay } = await twoHosts(t, [...offers, 'SMTPUTF8']);
    const id = await send(relay);
    await ended(relay, 1);
    assert.deepEqual(await relay.states(id), { 'jörg@far.test': 'delivered' });
    assert.equal(one.messages.length, 0);
    assert.doesNotMatch(one.conversations()[0]?.inside ?? '', /MAIL/);
    assert.match(
      Buffer.from(two.conversations()[0]?.inside ?? '', 'latin1').toString(),
      /SMTPUTF8\r\nRCPT TO:<jörg@far\.test>/,
    );
  });

  it('RFC 6531 §3.5: bounces with 5.6.7 where no host has it', async (t) => {
    const { peer, origin, relay } = await setting(t, { offers });
    const id = await send(relay);
    const text = await notice(origin);
    assert.deepEqual(await relay.states(id), { 'jörg@far.test': 'bounced' });
    assert.equal(peer.messages.length, 0);
    assert.match(
      text,
      /^Final-Recipient: utf-8; j\\x\{F6\}rg@far\.test\r\nAction: failed\r\nStatus: 5\.6\.7\r$/m,
    );
  });

  it('waits where nobody can say where the host is that may have it', async (t) => {
    const { one, relay } = await twoHosts(t, offers, { kind: 'unknown', because: 'SERVFAIL' });
    const id = await send(relay);
    await ended(relay, 1);
    assert.deepEqual(await relay.states(id), { 'jörg@far.test': 'waiting' });
    assert.match(one.conversations()[0]?.inside ?? '', /EHLO/);
  });

  it('waits where the host that may have it is out of reach', async (t) => {
    const { two, relay } = await twoHosts(t, offers);
    await two.close();
    const id = await send(relay);
    await ended(relay, 1);
    assert.deepEqual(await relay.states(id), { 'jörg@far.test': 'waiting' });
  });
});

describe('what the sender wished to be told', () => {
  it('RFC 3461 §5.2.2: goes on to a host that has DSN, and we say no more', async (t) => {
    const { peer, origin, relay } = await setting(t, { offers: ['PIPELINING', 'STARTTLS', 'DSN'] });
    await handIn(relay, ['<bob@far.test> NOTIFY=SUCCESS,FAILURE'], { mail: ' RET=HDRS ENVID=Q1' });
    await ended(relay, 1);
    const inside = peer.conversations()[0]?.inside ?? '';
    assert.match(inside, /MAIL FROM:<anna@origin\.test>.* RET=HDRS ENVID=Q1\r\n/);
    assert.match(inside, /RCPT TO:<bob@far\.test> NOTIFY=SUCCESS,FAILURE\r\n/);
    await sleep(100);
    assert.equal(origin.messages.length, 0);
  });

  it('success: told as relayed where the host has no DSN, with the header only', async (t) => {
    const { origin, relay } = await setting(t, {});
    await handIn(relay, ['<bob@far.test> NOTIFY=SUCCESS', '<eve@far.test>'], { mail: ' RET=FULL' });
    const text = await notice(origin);
    assert.match(text, /^Final-Recipient: rfc822; bob@far\.test\r\nAction: relayed\r\nStatus: 2\.0\.0\r$/m);
    assert.doesNotMatch(text, /eve@far|the body/);
  });

  it('failure with RET=FULL: the whole message comes back', async (t) => {
    const { origin, relay } = await setting(t, {
      answer: (verb) => (verb === 'RCPT' ? { say: '550 5.1.1 nobody\r\n' } : undefined),
    });
    await handIn(relay, ['<bob@far.test>'], { mail: ' RET=FULL' });
    assert.match(
      await notice(origin),
      /Content-Type: message\/rfc822\r\n\r\nReceived: [^]*\r\n\r\nthe body\r\n/,
    );
  });

  it('NEVER: nothing, and the event says that nobody was told', async (t) => {
    const { origin, relay } = await setting(t, {
      answer: (verb) => (verb === 'RCPT' ? { say: '550 5.1.1 nobody\r\n' } : undefined),
    });
    await handIn(relay, ['<bob@far.test> NOTIFY=NEVER']);
    await relay.until('dropped', ({ event }) => event === 'dropped');
    await sleep(100);
    assert.equal(origin.messages.length, 0);
  });

  it('a delay is told once, however many destinations are late', async (t) => {
    const busy = {
      answer: (verb: string): Answer | undefined =>
        verb === 'MAIL' ? { say: '450 4.3.2 busy\r\n' } : undefined,
    };
    const [one, two, origin] = await Promise.all([startPeer(t, busy), startPeer(t, busy), startPeer(t)]);
    const relay = await startTestRelay(t, {
      keyPair: certificate,
      level: 'off',
      routes: [
        { domain: 'one.test', to: { host: 'mx.test', port: one.port } },
        { domain: 'two.test', to: { host: 'mx.test', port: two.port } },
        { domain: 'origin.test', to: { host: 'mx.test', port: origin.port } },
      ],
    });
    const id = await handIn(relay, ['<a@one.test>', '<b@two.test>']);
    await ended(relay, 2);
    relay.later(DAY / 2);
    await eventually('both deferred again', () => (relay.about(id).length >= 4 ? true : undefined));
    assert.match(await notice(origin), /^Action: delayed\r\nStatus: 4\.3\.2\r$/m);
    relay.later(DAY / 2);
    await eventually('and again', () => (relay.about(id).length >= 6 ? true : undefined));
    await sleep(100);
    assert.equal(origin.messages.length, 1);
  });
});
