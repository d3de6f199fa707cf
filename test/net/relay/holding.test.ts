/** Mail for which the required TLS cannot be had: held, looked at, let go, returned, dropped. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes } from '../../../src/names/wishes.ts';
import type { HoldSettings, QueueSettings } from '../../../src/relay/settings.ts';
import { tlsUntried } from '../../../src/relay/tls-verdict.ts';
import { message } from '../../store/samples.ts';
import type { Script } from '../../support/hostile-server.ts';
import { DAY, eventually, type RouteSpec, type TestRelay } from '../../support/relay.ts';
import { hello, notice, setting } from './outgoing-setting.ts';

function queue(holds: Partial<HoldSettings>): QueueSettings {
  return {
    schedule: { retryAfterMs: [3_600_000], jitter: 0, giveUpAfterMs: DAY, warnAfterMs: DAY },
    holds: { onBlocked: 'hold', noticeAfterMs: Number.POSITIVE_INFINITY, probeAfterMs: [300], ...holds },
    keepFinalMs: DAY,
    connections: 100,
    connectionsPerDestination: 5,
    connectionsPerHost: null,
    connectionsPerSecond: 10_000,
    messagesPerMinute: null,
  };
}

/** A far side whose STARTTLS somebody strips until it is mended. */
async function stripped(
  t: TestContext,
  holds: Partial<HoldSettings> = {},
  more: Partial<Script> = {},
  route: Partial<RouteSpec> = {},
) {
  const state = { mended: false, greeted: 0 };
  const made = await setting(
    t,
    {
      ...more,
      answer(verb, argument, inside) {
        if (verb === 'EHLO' && !inside) {
          state.greeted += 1;
          if (!state.mended) return hello('PIPELINING');
        }
        return more.answer?.(verb, argument, inside);
      },
    },
    { settings: { queue: queue(holds) }, route },
  );
  return { ...made, state };
}

const verbs = (relay: TestRelay, to: string): string[] => relay.about(to).map(({ event }) => event);

describe('held mail', () => {
  it('goes as soon as a look finds the TLS that is required, without waiting for its next attempt', async (t) => {
    const { peer, relay, state } = await stripped(t);
    const id = await relay.send({ to: ['bob@far.test'] });
    await relay.until('held', ({ event }) => event === 'held');
    await eventually('two looks', () => (state.greeted >= 3 ? true : undefined));
    assert.match(
      relay.relay.wordsOf([])(`smtp://mx.test:${peer.port}`)?.found?.because ?? '',
      /does not offer STARTTLS/,
    );
    state.mended = true;
    const released = await relay.until('released', ({ event }) => event === 'released');
    assert.match(released.tls?.because ?? '', /^a look at mx\.test found the TLS that is required: /);
    const delivered = await relay.until('delivered', ({ event }) => event === 'delivered');
    assert.equal(delivered.tls?.outcome, 'authenticated');
    assert.deepEqual(verbs(relay, 'bob@far.test'), ['blocked', 'held', 'released', 'delivered']);
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'delivered' });
  });

  it('a look says EHLO and STARTTLS, and no mail command', async (t) => {
    const { peer, relay, state } = await stripped(t);
    await relay.send({ to: ['bob@far.test'] });
    await eventually('two looks', () => (state.greeted >= 3 ? true : undefined));
    state.mended = true;
    await relay.until('delivered', ({ event }) => event === 'delivered');
    for (const { plain, handshake } of peer.conversations()) {
      assert.match(
        plain,
        handshake === 'none' ? /^EHLO relay\.test\r\n(QUIT\r\n)?$/ : /^EHLO relay\.test\r\nSTARTTLS\r\n/,
      );
      assert.doesNotMatch(plain, /MAIL|AUTH/);
    }
  });

  it('a look does not log in', async (t) => {
    const script: Partial<Script> = {
      answer(verb, _, inside) {
        if (verb === 'EHLO' && inside) return hello('PIPELINING', 'AUTH PLAIN');
        return verb === 'AUTH' ? { say: '235 2.7.0 welcome\r\n' } : undefined;
      },
    };
    const login = { user: 'relay', password: 'secret' };
    const { peer, relay, state } = await stripped(t, {}, script, { login });
    await relay.send({ to: ['bob@far.test'] });
    await relay.until('held', ({ event }) => event === 'held');
    state.mended = true;
    await relay.until('delivered', ({ event }) => event === 'delivered');
    const inside = peer.conversations().filter(({ handshake }) => handshake === 'done');
    assert.deepEqual(
      inside.map((one) => [one.inside.includes('AUTH'), one.inside.includes('MAIL')]),
      [
        [false, false],
        [true, true],
      ],
    );
  });

  it('its destination is looked at, not each of its messages, and no more connections come than ever', async (t) => {
    const { relay, state } = await stripped(t, { probeAfterMs: [500] }, { mostAtOnce: 5 });
    for (let nth = 0; nth < 8; nth++) await relay.send({ to: [`b${nth}@far.test`] });
    await eventually('all held', () =>
      relay.events.filter(({ event }) => event === 'held').length === 8 ? true : undefined,
    );
    const attempts = state.greeted;
    await eventually('two looks', () => (state.greeted >= attempts + 2 ? true : undefined));
    assert.ok(state.greeted <= attempts + 3, `${state.greeted - attempts} looks`);
    state.mended = true;
    await eventually('all delivered', () =>
      relay.events.filter(({ event }) => event === 'delivered').length === 8 ? true : undefined,
    );
    assert.ok(!relay.events.some(({ event }) => event === 'deferred'), 'nobody was turned away');
  });

  it('of several demands goes where its own is met; the rest is held on, and does not go round', async (t) => {
    let mended = false;
    let greeted = 0;
    const { peer, relay } = await setting(
      t,
      {
        answer(verb, _, inside) {
          if (verb === 'EHLO' && !inside) greeted += 1;
          return verb === 'EHLO' && !inside && !mended ? hello('PIPELINING') : undefined;
        },
      },
      { settings: { queue: queue({}) }, level: 'encrypt', trust: [] },
    );
    const recipient = (address: string) => ({
      address,
      destination: `smtp://mx.test:${peer.port}`,
      wishes: noRecipientWishes,
    });
    const strict = { ...noTerms, tls: 'authenticate' } as const;
    const receivedAt = Date.now();
    await relay.store.accept(
      message('a', { receivedAt, recipients: [recipient('strict@far.test')], terms: strict }),
    );
    await relay.store.accept(message('b', { receivedAt, recipients: [recipient('usual@far.test')] }));
    relay.relay.retry();
    await eventually('both held', () =>
      relay.events.filter(({ event }) => event === 'held').length === 2 ? true : undefined,
    );
    mended = true;
    const delivered = await relay.until('delivered', ({ event }) => event === 'delivered');
    assert.equal(delivered.to, 'usual@far.test');
    const story = ['blocked', 'held', 'released', 'blocked', 'held'];
    await eventually('held again', () => (verbs(relay, 'strict@far.test').length === 5 ? true : undefined));
    const before = greeted;
    await eventually('two more looks', () => (greeted >= before + 2 ? true : undefined));
    assert.deepEqual(verbs(relay, 'strict@far.test'), story);
  });

  it('is looked at at once when an operator says retry', async (t) => {
    const { peer, relay, state } = await stripped(t, { probeAfterMs: [3_600_000] });
    await relay.send({ to: ['bob@far.test'] });
    await relay.until('held', ({ event }) => event === 'held');
    state.mended = true;
    relay.relay.retry([`smtp://mx.test:${peer.port}`]);
    await relay.until('delivered', ({ event }) => event === 'delivered');
  });

  it('its sender is told early, once, what is required, what was found and what has to be mended', async (t) => {
    const { origin, relay, state } = await stripped(t, { noticeAfterMs: 0 });
    await relay.send({ from: 'anna@origin.test', to: ['bob@far.test'] });
    const text = await notice(origin);
    assert.match(text, /^Action: delayed\r$/m);
    const words = text.replace(/\s+/g, ' ');
    assert.match(
      words,
      /The message is held\. The general rule of this mail system requires a TLS connection/,
    );
    assert.match(words, /does not offer STARTTLS/);
    assert.match(words, /has to offer STARTTLS/);
    relay.later(3_700_000);
    await eventually('another attempt', () => (state.greeted >= 3 ? true : undefined));
    assert.equal(origin.messages.length, 1);
  });

  it('goes under the level that an operator says, and its verdict says by whose word', async (t) => {
    const { relay } = await stripped(t, { probeAfterMs: [3_600_000] });
    const id = await relay.send({ to: ['bob@far.test'] });
    await relay.until('held', ({ event }) => event === 'held');
    const terms = { level: 'may', until: null, reason: 'told by phone', setAt: Date.now() } as const;
    const tls = tlsUntried({ requires: 'none', by: 'override' }, 'told by phone');
    await relay.store.nudge({ what: 'release', now: Date.now(), of: { id }, release: { terms, tls } });
    relay.relay.retry();
    const { tls: verdict } = await relay.until('delivered', ({ event }) => event === 'delivered');
    assert.deepEqual([verdict?.outcome, verdict?.required, verdict?.by], ['cleartext', 'none', 'override']);
    assert.equal(
      verdict?.because,
      'an operator released this message under the level may: told by phone; the peer does not offer STARTTLS',
    );
    await relay.send({ to: ['other@far.test'] });
    await relay.until('the next is held', ({ event, to }) => event === 'held' && to === 'other@far.test');
  });
});

describe('mail that is not held', () => {
  it('is returned at once, with what has to be mended, after everything was asked anew', async (t) => {
    const { origin, relay, state } = await stripped(t, { onBlocked: 'bounce' });
    await relay.send({ from: 'anna@origin.test', to: ['bob@far.test'] });
    const text = await notice(origin);
    assert.match(text, /^Action: failed\r\nStatus: 5\.7\.10\r$/m);
    assert.match(text.replace(/\s+/g, ' '), /has to offer STARTTLS/);
    assert.equal(state.greeted, 2);
    assert.deepEqual(verbs(relay, 'bob@far.test'), ['blocked', 'bounced']);
  });

  it('RFC 8461 §5: is not given up where the second look finds what is required', async (t) => {
    const { relay, state } = await stripped(t, { onBlocked: 'bounce' }, {});
    const watch = setInterval(() => {
      if (state.greeted >= 1) state.mended = true;
    }, 1);
    t.after(() => clearInterval(watch));
    await relay.send({ from: 'anna@origin.test', to: ['bob@far.test'] });
    const ended = await relay.until('an end', ({ event }) => event === 'delivered' || event === 'bounced');
    assert.equal(ended.event, 'delivered');
    assert.deepEqual(verbs(relay, 'bob@far.test'), ['delivered']);
  });

  it('is dropped without a word to its sender', async (t) => {
    const { origin, relay } = await stripped(t, { onBlocked: 'drop' });
    const id = await relay.send({ from: 'anna@origin.test', to: ['bob@far.test'] });
    await relay.until('dropped', ({ event }) => event === 'dropped');
    assert.deepEqual(await relay.states(id), { 'bob@far.test': 'bounced' });
    assert.deepEqual(origin.messages, []);
  });

  it('that is held until its time is over is returned with the code of its cause', async (t) => {
    const { origin, relay } = await stripped(t, { probeAfterMs: [3_600_000] });
    await relay.send({ from: 'anna@origin.test', to: ['bob@far.test'] });
    await relay.until('held', ({ event }) => event === 'held');
    relay.later(DAY);
    assert.match(await notice(origin), /^Action: failed\r\nStatus: 5\.7\.10\r$/m);
    assert.deepEqual(verbs(relay, 'bob@far.test'), ['blocked', 'held', 'bounced']);
  });
});
