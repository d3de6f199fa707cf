/** How mail leaves: next hops of every kind, many recipients, logins, connections. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import type { TlsLevel } from '../../../src/policies/words.ts';
import type { HostileServer, Script } from '../../support/hostile-server.ts';
import { DAY, eventually, startTestRelay, type TestRelayOptions } from '../../support/relay.ts';
import {
  authority,
  certificate,
  ended,
  handIn,
  hello,
  notice,
  people,
  setting,
  startPeer,
} from './outgoing-setting.ts';

/** A relay before an LMTP backend. */
async function backend(t: TestContext, script: Partial<Script>) {
  const peer = await startPeer(t, script);
  const origin = await startPeer(t);
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    level: 'off',
    routes: [
      { domain: 'far.test', to: { host: 'mx.test', port: peer.port, protocol: 'lmtp' } },
      { domain: 'origin.test', to: { host: 'mx.test', port: origin.port } },
    ],
  });
  return { peer, origin, relay };
}

describe('an LMTP backend', () => {
  it('RFC 2033 §4.2: each recipient has its own answer to the message', async (t) => {
    const { peer, relay } = await backend(t, {
      answer: (verb) => {
        if (verb === 'LHLO') return hello('PIPELINING');
        if (verb === 'RCPT' || verb !== 'DOT') return undefined;
        return { say: '250 2.1.5 kept\r\n550 5.2.1 disabled\r\n452 4.2.2 full\r\n' };
      },
    });
    const id = await relay.send({ to: ['kept@far.test', 'gone@far.test', 'full@far.test'] });
    await ended(relay, 3);
    assert.deepEqual(await relay.states(id), {
      'kept@far.test': 'delivered',
      'gone@far.test': 'bounced',
      'full@far.test': 'waiting',
    });
    assert.doesNotMatch(peer.conversations()[0]?.plain ?? '', /EHLO|HELO/);
    const [one] = relay.about('full@far.test');
    assert.equal(one?.reply?.enhanced, '4.2.2');
  });

  it('an answer that does not come leaves the others as they are', async (t) => {
    const { relay } = await backend(t, {
      answer: (verb) => {
        if (verb === 'LHLO') return hello('PIPELINING');
        return verb === 'DOT' ? { say: '250 2.1.5 kept\r\n', next: 'close' } : undefined;
      },
    });
    const id = await relay.send({ to: ['kept@far.test', 'lost@far.test'] });
    await ended(relay, 2);
    assert.deepEqual(await relay.states(id), { 'kept@far.test': 'delivered', 'lost@far.test': 'waiting' });
    assert.match(relay.about('lost@far.test')[0]?.tls?.because ?? '', /may have arrived or not/);
  });

  it('RFC 3461 §5.2.3: success is told as delivered, once', async (t) => {
    const { relay, origin } = await backend(t, {
      answer: (verb) => (verb === 'LHLO' ? hello('PIPELINING') : undefined),
    });
    await handIn(relay, ['<bob@far.test> NOTIFY=SUCCESS ORCPT=rfc822;bob+2Blist@far.test'], {
      mail: ' ENVID=Q1',
    });
    const text = await notice(origin);
    assert.match(text, /^Action: delivered\r\nStatus: 2\.0\.0\r$/m);
    assert.match(text, /^Original-Envelope-Id: Q1\r$/m);
    assert.match(text, /^Original-Recipient: rfc822; bob\+list@far\.test\r$/m);
  });
});

describe('a host that takes few recipients at once', () => {
  function atMost(count: number, reply: string): Partial<Script> {
    let named = 0;
    return {
      answer: (verb) => {
        if (verb === 'MAIL') named = 0;
        return verb === 'RCPT' && ++named > count ? { say: reply } : undefined;
      },
    };
  }

  for (const reply of ['452 4.5.3 too many recipients', '452 too many', '552 5.5.3 too many']) {
    it(`RFC 5321 §4.5.3.1.10: "${reply}": the rest follows at once on the same connection`, async (t) => {
      const { peer, relay } = await setting(t, atMost(2, `${reply}\r\n`));
      const id = await relay.send({ to: people(5) });
      await ended(relay, 5);
      assert.ok(Object.values(await relay.states(id)).every((state) => state === 'delivered'));
      assert.deepEqual(
        relay.events.filter(({ event }) => event === 'deferred'),
        [],
      );
      assert.equal(peer.messages.length, 3);
      assert.equal(peer.conversations().length, 1);
    });
  }

  it('room for nobody, or a full mailbox, is a reason to try again later', async (t) => {
    const { peer, relay } = await setting(t, {
      answer: (verb, path) => {
        if (verb !== 'RCPT') return undefined;
        return path.includes('p0') ? undefined : { say: '452 4.2.2 mailbox full\r\n' };
      },
    });
    const id = await relay.send({ to: people(2) });
    await ended(relay, 2);
    assert.deepEqual(await relay.states(id), { 'p0@far.test': 'delivered', 'p1@far.test': 'waiting' });
    assert.equal(peer.messages.length, 1);
    peer.become(atMost(0, '452 4.5.3 no\r\n'));
    const other = await relay.send({ to: ['q@far.test'] });
    await relay.until('deferred', ({ event, to }) => event === 'deferred' && to === 'q@far.test');
    assert.deepEqual(await relay.states(other), { 'q@far.test': 'waiting' });
  });

  it('RFC 9422: what it says of its limits is kept', async (t) => {
    const { peer, relay } = await setting(t, {
      offers: ['PIPELINING', 'STARTTLS', 'LIMITS RCPTMAX=2 MAILMAX=2'],
    });
    const id = await relay.send({ to: people(5) });
    await ended(relay, 5);
    assert.ok(Object.values(await relay.states(id)).every((state) => state === 'delivered'));
    assert.deepEqual(
      peer.messages.map(({ recipients, connection }) => `${connection}: ${recipients.length}`),
      ['0: 2', '0: 2', '1: 1'],
    );
  });
});

describe('a next hop that wants a login', () => {
  const login = { user: 'waxwing', password: 'correct horse' };
  const said = Buffer.from('\0waxwing\0correct horse').toString('base64');

  function wanting(reply: string): Partial<Script> {
    return {
      offers: ['PIPELINING', 'STARTTLS', 'AUTH PLAIN'],
      answer: (verb) => (verb === 'AUTH' ? { say: reply } : undefined),
    };
  }

  it('gets it inside TLS that was judged, and nowhere else', async (t) => {
    const { peer, relay } = await setting(t, wanting('235 2.7.0 welcome\r\n'), { route: { login } });
    await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 1);
    const [talk] = peer.conversations();
    assert.match(talk?.inside ?? '', new RegExp(`^EHLO relay.test\r\nAUTH PLAIN ${said}\r\nMAIL`));
    assert.doesNotMatch(talk?.plain ?? '', /AUTH/);
  });

  const refusals: readonly (readonly [
    string,
    Partial<Script>,
    TlsLevel,
    RegExp,
    Partial<TestRelayOptions>?,
  ])[] = [
    [
      'refused',
      wanting('535 5.7.8 no\r\n'),
      'authenticate',
      /mx\.test refused our login as waxwing: 535 5\.7\.8 no/,
    ],
    ['not offered', { offers: ['STARTTLS'] }, 'encrypt', /offers no login that we know, .* as waxwing/],
    [
      'by the password only, and TLS has not authenticated the peer',
      wanting('235 yes\r\n'),
      'encrypt',
      /mx\.test offers PLAIN only, which would say the password to a server that TLS has not authenticated/,
      { trust: [] },
    ],
    [
      'and no TLS is required',
      wanting('235 yes\r\n'),
      'may',
      /a login, which is never said where TLS is not required/,
    ],
  ];
  for (const [why, script, level, because, options] of refusals) {
    it(`${why}: the mail waits, and the password is nowhere on record`, async (t) => {
      const { peer, relay } = await setting(t, script, { ...options, level, route: { login } });
      const id = await relay.send({ to: ['bob@far.test'] });
      await ended(relay, 1);
      assert.deepEqual(await relay.states(id), { 'bob@far.test': 'waiting' });
      const [event] = relay.about(id);
      assert.match(event?.tls?.because ?? '', because);
      assert.equal(peer.messages.length, 0);
      const record = JSON.stringify([relay.events, relay.oddities, await relay.store.show(id)]);
      assert.ok(!record.includes(said) && !record.includes('correct horse'), record);
    });
  }

  it('one that hangs up on it is no obstacle to TLS: the mail waits, it is not held', async (t) => {
    const { relay } = await setting(
      t,
      {
        offers: ['STARTTLS', 'AUTH PLAIN'],
        answer: (verb) => (verb === 'AUTH' ? { say: '', next: 'close' } : undefined),
      },
      { route: { login } },
    );
    const id = await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 1);
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'waiting' });
  });
});

describe('a next hop where TLS comes first (RFC 8314 §3)', () => {
  /** TLS on the outside, the peer in clear behind it. */
  async function wrapped(t: TestContext, peer: HostileServer): Promise<number> {
    const server = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (secure) => {
      const plain = connect(peer.port, peer.address);
      secure.pipe(plain).pipe(secure);
      for (const socket of [secure, plain]) socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const bound = server.address();
    return bound === null || typeof bound === 'string' ? assert.fail('no port') : bound.port;
  }

  it('delivers, authenticated, without STARTTLS', async (t) => {
    const peer = await startPeer(t, { offers: ['PIPELINING'] });
    const to = { host: 'mx.test', port: await wrapped(t, peer), protocol: 'smtps' } as const;
    const { relay } = await setting(t, {}, { route: { to } });
    await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 1);
    const [event] = relay.about('bob@far.test');
    assert.deepEqual([event?.event, event?.tls?.outcome], ['delivered', 'authenticated']);
    assert.match(peer.conversations()[0]?.plain ?? '', /^EHLO relay\.test\r\nMAIL/);
  });

  for (const level of ['authenticate', 'may', 'off'] as const) {
    it(`level ${level}: a peer without TLS there is told nothing`, async (t) => {
      const peer = await startPeer(t, { offers: ['PIPELINING'] });
      const to = { host: 'mx.test', port: peer.port, protocol: 'smtps' } as const;
      const { relay } = await setting(t, {}, { level, route: { to } });
      const id = await relay.send({ to: ['bob@far.test'] });
      await ended(relay, 1);
      const held = level === 'authenticate' ? 'held/tls' : 'waiting';
      assert.deepEqual(await relay.states(id), { 'bob@far.test': held });
      for (const { plain } of peer.conversations()) assert.doesNotMatch(plain, /EHLO|MAIL/);
    });
  }
});

describe('connections', () => {
  it('idle ones count towards the limit of their destination', async (t) => {
    let level: TlsLevel = 'may';
    const { peer, relay } = await setting(
      t,
      {},
      {
        level: () => level,
        settings: {
          queue: {
            schedule: { retryAfterMs: [60_000], jitter: 0, giveUpAfterMs: DAY, warnAfterMs: DAY },
            holds: { onBlocked: 'hold', noticeAfterMs: DAY, probeAfterMs: [60_000] },
            keepFinalMs: DAY,
            connections: 10,
            connectionsPerDestination: 1,
            connectionsPerHost: null,
            connectionsPerSecond: 10_000,
            messagesPerMinute: null,
          },
        },
      },
    );
    await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 1);
    level = 'encrypt';
    await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 2);
    await eventually('goodbye', () =>
      peer.conversations()[0]?.inside.endsWith('\r\nQUIT\r\n') === true ? true : undefined,
    );
    assert.equal(peer.conversations().length, 2);
    assert.doesNotMatch(peer.conversations()[1]?.inside ?? '', /QUIT/);
  });

  it('opened before a reload get no mail after it', async (t) => {
    const { peer, relay } = await setting(t, {});
    const to = { host: 'mx.test', port: peer.port };
    await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 1);
    await relay.reload({
      keyPair: certificate,
      trust: [authority.certPem],
      level: 'authenticate',
      routes: [{ domain: 'far.test', to }],
    });
    await relay.send({ to: ['bob@far.test'] });
    await ended(relay, 2);
    assert.deepEqual(
      peer.messages.map(({ connection }) => connection),
      [0, 1],
    );
  });
});

describe('a stop', () => {
  it('lets the attempts under way end, and begins no other', async (t) => {
    const { peer, relay } = await setting(t, {
      duringContent: () => undefined,
      answer: (verb) => (verb === 'DOT' ? { say: '' } : undefined),
    });
    const id = await relay.send({ to: ['bob@far.test'] });
    await eventually('the message', () =>
      peer.conversations()[0]?.inside.endsWith('\r\n.\r\n') === true ? true : undefined,
    );
    const began = performance.now();
    await relay.relay.close(200);
    assert.ok(performance.now() - began < 1_500, 'a host that is silent does not hold it up');
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'attempting' });
    assert.deepEqual(relay.about(id), [], 'what was broken off is nobody’s failure');
  });

  it('leaves on record what was delivered by then, transaction by transaction', async (t) => {
    let mails = 0;
    let named = 0;
    const { relay } = await setting(t, {
      answer: (verb) => {
        if (verb === 'MAIL') {
          named = 0;
          mails += 1;
          return mails === 3 ? { say: '', next: 'stop-reading' } : undefined;
        }
        return verb === 'RCPT' && ++named > 1 ? { say: '452 4.5.3 one at a time\r\n' } : undefined;
      },
    });
    const id = await relay.send({ to: people(3) });
    await eventually('the third transaction', () => (mails === 3 ? true : undefined));
    const two = { 'p0@far.test': 'delivered', 'p1@far.test': 'delivered', 'p2@far.test': 'attempting' };
    assert.deepEqual(await relay.states(id), two, 'before the stop already');
    await relay.relay.close(200);
    assert.deepEqual(await relay.states(id), two);
    assert.equal(relay.about(id).length, 2);
  });

  it('leaves on record what an LMTP server has said yes to, although it was not done', async (t) => {
    let said = false;
    const { relay } = await backend(t, {
      answer: (verb) => {
        if (verb === 'LHLO') return hello('PIPELINING');
        if (verb !== 'DOT') return undefined;
        said = true;
        return { say: '250 2.1.5 kept\r\n550 5.2.1 disabled\r\n' };
      },
    });
    const id = await relay.send({ to: people(3) });
    await eventually('the answers', () => (said ? true : undefined));
    await relay.relay.close(200);
    assert.deepEqual(await relay.states(id), {
      'p0@far.test': 'delivered',
      'p1@far.test': 'bounced',
      'p2@far.test': 'attempting',
    });
  });
});
