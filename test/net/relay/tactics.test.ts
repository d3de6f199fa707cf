/** What the relay does where a host makes it hard: ClientHellos that are swallowed, broken TLS, silence, too many of us. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import type { StartTls } from '../../support/hostile-server.ts';
import { found as known } from '../../support/lookup.ts';
import { eventually, mxOf, startTestRelay, type TestRelay } from '../../support/relay.ts';
import { authority, certificate, ended, people, setting, startPeer } from './outgoing-setting.ts';

const MINUTE = 60_000;

async function sendOne(relay: TestRelay, to = 'bob@far.test'): Promise<string> {
  const before = relay.events.filter(({ event }) => event !== 'received').length;
  const id = await relay.send({ to: [to] });
  await ended(relay, before + 1);
  return id;
}

describe('a ClientHello that does not fit into one segment and is swallowed on the way', () => {
  for (const next of ['swallow-large', 'reset-large'] as const satisfies readonly StartTls['next'][]) {
    for (const level of ['may', 'encrypt', 'authenticate'] as const) {
      it(`${next}, ${level}: a small one is tried before TLS counts as failed, judged the same`, async (t) => {
        const startTls = { say: '220 go\r\n', next };
        const { peer, relay } = await setting(t, { startTls }, { level });
        const id = await sendOne(relay);
        const [event] = relay.about(id);
        assert.equal(event?.event, 'delivered', event?.tls?.because ?? 'no event');
        assert.equal(event?.tls?.outcome, 'authenticated');
        assert.equal(event?.tls?.group, 'X25519');
        assert.match(
          event?.tls?.because ?? '',
          /; with a small ClientHello, as mx\.test did not answer the usual/,
        );
        assert.deepEqual(
          peer.conversations().map(({ handshake }) => handshake),
          ['none', 'done'],
        );
      });
    }
  }

  it('is not tried again for a while: the next connection begins with the small one', async (t) => {
    const startTls: StartTls = { say: '220 go\r\n', next: 'reset-large' };
    const { peer, relay } = await setting(t, { startTls });
    await sendOne(relay);
    await relay.reload({
      keyPair: certificate,
      trust: [authority.certPem],
      level: 'authenticate',
      routes: [{ domain: 'far.test', to: { host: 'mx.test', port: peer.port } }],
    });
    const id = await sendOne(relay);
    assert.match(relay.about(id)[0]?.tls?.because ?? '', /\(since 20\d\d-/);
    assert.equal(peer.conversations().length, 3);
    assert.match(relay.oddities.join('\n'), /answers a small ClientHello only .*mx\.test/);
  });

  it('a certificate that proves nothing is refused there as ever', async (t) => {
    const startTls: StartTls = { say: '220 go\r\n', next: 'reset-large' };
    const { peer, relay } = await setting(t, { startTls }, { trust: [] });
    const id = await sendOne(relay);
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'held/tls' });
    assert.equal(peer.messages.length, 0);
  });

  it('where the small one gets no answer either, TLS has failed: blocked where it is required', async (t) => {
    const { peer, relay } = await setting(t, { startTls: { say: '220 go\r\n', next: 'close-on-hello' } });
    const id = await sendOne(relay);
    assert.equal(relay.about(id)[0]?.event, 'blocked');
    assert.equal(peer.conversations().length, 2);
  });

  it('a server that has answered gets no second hello: it is not the size that it minds', async (t) => {
    const { peer, relay } = await setting(t, { startTls: { say: '220 go\r\n', next: 'drip' } });
    const id = await sendOne(relay);
    assert.equal(relay.about(id)[0]?.event, 'blocked');
    assert.equal(peer.conversations().length, 1);
  });
});

describe('a host whose TLS is broken each time', () => {
  const broken: StartTls = { say: '220 go\r\n', next: 'close-on-hello' };

  /** Five messages in a row that paid for three connections each, over two minutes. */
  async function remembered(t: TestContext) {
    let level: 'may' | 'authenticate' = 'may';
    const { peer, relay } = await setting(t, { startTls: broken }, { level: () => level });
    for (let count = 0; count < 5; count++) {
      if (count > 0) relay.ahead(MINUTE / 2);
      await sendOne(relay);
    }
    assert.equal(peer.conversations().length, 15);
    assert.equal(peer.messages.length, 5);
    return { peer, relay, require: () => (level = 'authenticate') };
  }

  it('level may: is not tried with TLS for as long as that has lasted, and says so', async (t) => {
    const { peer, relay } = await remembered(t);
    const id = await sendOne(relay);
    assert.equal(peer.conversations().length, 16, 'one connection');
    const [event] = relay.about(id);
    assert.equal(event?.tls?.outcome, 'cleartext');
    assert.match(
      event?.tls?.because ?? '',
      /TLS failed 5 times in a row since 20.* not tried again before 20/,
    );
    const notices = relay.oddities.filter((line) => line.includes('goes in clear without a try of TLS'));
    assert.equal(notices.length, 1);
    assert.deepEqual(
      relay.relay.rememberedTls().map(({ kind, host, failures }) => [kind, host, failures]),
      [['broken', 'mx.test', 5]],
    );
    relay.ahead(3 * MINUTE);
    await sendOne(relay);
    assert.equal(peer.conversations().length, 19, 'its time is over: TLS is tried again');
  });

  it('attack: where TLS is required the memory is never asked, and nothing goes in clear', async (t) => {
    const { peer, relay, require } = await remembered(t);
    require();
    const id = await sendOne(relay);
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'held/tls' });
    assert.equal(peer.messages.length, 5);
    peer.become({});
    const other = await sendOne(relay);
    assert.equal(relay.about(other)[0]?.tls?.outcome, 'authenticated');
  });

  it('a handshake that works, whoever required it, ends it also for those who may go in clear', async (t) => {
    let level: 'may' | 'encrypt' = 'may';
    const { peer, relay } = await setting(t, { startTls: broken }, { level: () => level });
    for (let count = 0; count < 5; count++) {
      if (count > 0) relay.ahead(MINUTE / 2);
      await sendOne(relay);
    }
    peer.become({});
    level = 'encrypt';
    await sendOne(relay);
    level = 'may';
    const id = await sendOne(relay);
    assert.notEqual(relay.about(id)[0]?.tls?.outcome, 'cleartext');
    assert.deepEqual(relay.relay.rememberedTls(), []);
  });

  it('an operator who asks for a retry ends it', async (t) => {
    const { peer, relay } = await remembered(t);
    relay.relay.retry();
    peer.become({});
    const id = await sendOne(relay);
    assert.equal(relay.about(id)[0]?.tls?.outcome, 'authenticated');
  });
});

describe('a host that says we are too many', () => {
  const many = { connections: 50, connectionsPerDestination: 10 };

  it('gets all of it over as many connections as it takes, and none is put off for it', async (t) => {
    const { peer, relay } = await setting(t, { mostAtOnce: 2 }, { queue: many });
    await Promise.all(people(30).map((one) => relay.send({ to: [one] })));
    await ended(relay, 30);
    assert.equal(peer.messages.length, 30);
    assert.deepEqual(
      relay.events.filter(({ event }) => event === 'deferred'),
      [],
    );
    const turnedAway = peer.conversations().filter(({ plain }) => !plain.includes('EHLO')).length;
    assert.ok(turnedAway <= 10, `${turnedAway} were turned away`);
  });

  it('also where nothing listens on another address of it, which is tried last', async (t) => {
    const dns = { addresses: () => Promise.resolve(known(['127.0.0.2', '127.0.0.1'])) };
    const { peer, relay } = await setting(t, { mostAtOnce: 2 }, { queue: many, dns });
    await Promise.all(people(30).map((one) => relay.send({ to: [one] })));
    await ended(relay, 30);
    assert.equal(peer.messages.length, 30);
    assert.ok(relay.events.every(({ event }) => event !== 'deferred'));
  });

  it('and to whom nobody of ours has talked lately is left alone until the next try', async (t) => {
    const { peer, relay } = await setting(t, { mostAtOnce: 0 });
    const id = await sendOne(relay);
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'waiting' });
    assert.equal(peer.conversations().length, 1);
  });

  it('RFC 5321 §3.8: 421 in place of an answer on a kept connection is no word about the message', async (t) => {
    let mails = 0;
    const { peer, relay } = await setting(t, {
      answer: (verb) =>
        verb === 'MAIL' && ++mails === 2
          ? { say: '421 4.4.2 idle for too long\r\n', next: 'close' }
          : undefined,
    });
    await sendOne(relay);
    const began = performance.now();
    const id = await sendOne(relay);
    assert.equal(relay.about(id)[0]?.event, 'delivered');
    assert.deepEqual(
      peer.messages.map(({ connection }) => connection),
      [0, 1],
    );
    // A host that is busy is left alone for a second or longer.
    assert.ok(performance.now() - began < 950, 'at once');
  });

  it('gets so many messages a minute, whatever waits', async (t) => {
    const { peer, relay } = await setting(t, {}, { queue: { ...many, messagesPerMinute: 300 } });
    const began = performance.now();
    await Promise.all(people(6).map((one) => relay.send({ to: [one] })));
    await ended(relay, 6);
    const took = performance.now() - began;
    assert.equal(peer.messages.length, 6);
    assert.ok(took >= 950, `five spaces of 200 ms, and it took ${took} ms`);
  });
});

describe('a host with several addresses', () => {
  it('is reached at the second one where the first is silent, without the whole wait, and the next time at once', async (t) => {
    const silent = await startSilent(t, '127.0.0.2');
    const peer = await startPeer(t, {}, { address: '127.0.0.3', port: silent });
    const relay = await startTestRelay(t, {
      keyPair: certificate,
      level: 'may',
      smtpPort: silent,
      dns: {
        mx: () => Promise.resolve(mxOf('10 mx.test', '20 mx2.test')),
        addresses: (host) => Promise.resolve(known([host === 'mx.test' ? '127.0.0.2' : '127.0.0.3'])),
      },
      patience: { connect: 20_000, connectBeforeOthers: 1_000 },
    });
    const began = performance.now();
    await sendOne(relay);
    const first = performance.now() - began;
    assert.ok(first >= 950 && first < 7_000, `${first} ms`);
    const again = performance.now();
    await sendOne(relay);
    assert.ok(performance.now() - again < 900, 'the silent one is not waited for again');
    assert.equal(peer.messages.length, 2);
  });
});

/** Listens and never accepts: once its queue is full, the system answers no SYN any more. @returns the port. */
async function startSilent(t: TestContext, address: string): Promise<number> {
  const listen = `require('node:net').createServer().listen({port:0,host:'${address}',backlog:1},function(){console.log(this.address().port)})`;
  const child: ChildProcess = spawn(process.execPath, ['-e', listen], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => void child.kill('SIGKILL'));
  if (child.stdout === null) throw new Error('no output');
  const [line]: string[] = await once(createInterface(child.stdout), 'line');
  child.kill('SIGSTOP');
  const port = Number(line);
  const fill = Array.from({ length: 4 }, () => connect({ host: address, port }));
  t.after(() => fill.forEach((socket: Socket) => socket.destroy()));
  for (const socket of fill) socket.on('error', () => undefined);
  await eventually('a full queue', () =>
    fill.filter(({ connecting }) => !connecting).length >= 2 ? true : undefined,
  );
  return port;
}
