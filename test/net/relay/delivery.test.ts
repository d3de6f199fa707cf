/** An operator's word and mail that is claimed, queued under another route, or spoilt by an error of ours. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostileServer } from '../../support/hostile-server.ts';
import { absent } from '../../support/lookup.ts';
import { DAY, eventually, type RouteSpec, startTestRelay, type TestRelay } from '../../support/relay.ts';
import { certificate, startPeer } from './outgoing-setting.ts';

const toPort = (port: number): RouteSpec => ({ domain: 'far.test', to: { host: 'mx.test', port } });

/** Six messages for a host that never greets: two attempts are under way, the others wait their turn. */
async function stalled(t: TestContext): Promise<{ relay: TestRelay; peer: HostileServer; key: string }> {
  const peer = await startPeer(t, { greeting: { say: '' } });
  const relay = await startTestRelay(t, { keyPair: certificate, routes: [toPort(peer.port)] });
  for (let count = 0; count < 6; count++) await relay.send({ to: [`user${count}@far.test`] });
  await eventually('two attempts', () => (peer.conversations().length === 2 ? true : undefined));
  return { relay, peer, key: `smtp://mx.test:${peer.port}` };
}

describe('mail that waits for its turn at a slow host', () => {
  it('is cancelled, and only what is really being attempted is left out', async (t) => {
    const { relay, peer } = await stalled(t);
    const { changed, underWay } = await relay.relay.carryOut(() =>
      relay.store.nudge({ what: 'cancel', now: Date.now(), of: 'all' }),
    );
    assert.deepEqual([changed.length, underWay], [4, 2]);
    const states = (await relay.store.list({ which: 'all', most: 10 })).flatMap(({ recipients }) =>
      recipients.map(({ delivery }) => delivery.kind),
    );
    assert.deepEqual(states.toSorted(), [...Array(2).fill('attempting'), ...Array(4).fill('cancelled')]);
    assert.equal(peer.conversations().length, 2);
  });

  it('stays here once its destination is paused, and goes on as it was when the pause ends', async (t) => {
    const { relay, peer, key } = await stalled(t);
    const pause = { destination: key, until: null };
    assert.equal(await relay.relay.carryOut(() => relay.store.pause(pause)), 2);
    const deferred = (): number => relay.events.filter(({ event }) => event === 'deferred').length;
    await eventually('both attempts end', () => (deferred() === 2 ? true : undefined));
    relay.later(120_000);
    await sleep(100);
    assert.deepEqual([deferred(), peer.conversations().length], [2, 2]);
    await relay.store.unpause(key);
    relay.relay.retry();
    await eventually('another attempt', () => (peer.conversations().length > 2 ? true : undefined));
  });

  it('is claimed again when an operator changes nothing about it', async (t) => {
    const { relay, peer } = await stalled(t);
    await relay.relay.carryOut(() =>
      relay.store.nudge({ what: 'hold', now: Date.now(), of: { id: 'unknown' } }),
    );
    const attempting = async (): Promise<true | undefined> => {
      const kinds = (await relay.store.list({ which: 'open', most: 10 })).map(
        ({ recipients }) => recipients[0]?.delivery.kind,
      );
      return kinds.filter((kind) => kind === 'attempting').length === 5 ? true : undefined;
    };
    await eventually('as many claims as before', attempting);
    assert.equal(peer.conversations().length, 2);
  });
});

describe('mail that waits while the clock is set back a day', () => {
  it('is tried once its delay is over, by the clock that is, and not before', async (t) => {
    const relay = await startTestRelay(t, { keyPair: certificate, routes: [toPort(9)] });
    const id = await relay.send({ to: ['b@far.test'] });
    await relay.until('deferred', ({ event }) => event === 'deferred');
    relay.later(-DAY);
    await eventually(
      'the notice',
      () => relay.oddities.some((one) => one.startsWith('the clock was set back')) || undefined,
    );
    await eventually('the new time', async () => {
      const delivery = (await relay.store.show(id))?.recipients[0]?.delivery;
      return delivery?.kind === 'waiting' && delivery.notBefore < Date.now() ? true : undefined;
    });
    assert.equal(relay.about(id).length, 1, 'it is no reason to try at once');
    relay.later(61_000);
    await relay.until('deferred again', ({ event, attempt }) => event === 'deferred' && attempt === 2);
  });
});

describe('mail that was queued before the routes changed', () => {
  it('is put under the key that its domain has now, so that a pause of the domain stops it', async (t) => {
    const peer = await startPeer(t);
    const relay = await startTestRelay(t, { keyPair: certificate, routes: [toPort(9)] });
    const id = await relay.send({ to: ['b@far.test'] });
    await relay.until('deferred', ({ event }) => event === 'deferred');
    await relay.reload({ keyPair: certificate, routes: [toPort(peer.port)] });
    const destination = `smtp://mx.test:${peer.port}`;
    await relay.store.pause({ destination, until: null });
    const of = { destination, domain: 'far.test' };
    const flushed = await relay.relay.carryOut(() =>
      relay.store.nudge({ what: 'retry', now: Date.now(), of }),
    );
    assert.deepEqual(
      flushed.changed.map(({ address }) => address),
      ['b@far.test'],
    );
    await eventually('the new key', async () => {
      const [recipient] = (await relay.store.show(id))?.recipients ?? [];
      return recipient?.pause?.destination === destination ? true : undefined;
    });
    assert.deepEqual([await relay.states(id), peer.conversations().length], [{ 'b@far.test': 'waiting' }, 0]);
    await relay.store.unpause(destination);
    relay.relay.retry();
    await relay.until('delivered', ({ event }) => event === 'delivered');
  });
});

describe('an error of ours that nobody foresaw', () => {
  it('ends as a failed attempt with its words, and the mail goes once the error is gone', async (t) => {
    const peer = await startPeer(t);
    let broken = true;
    const relay = await startTestRelay(t, {
      keyPair: certificate,
      smtpPort: peer.port,
      level: () => {
        if (broken) throw new Error('no rule was found');
        return 'may';
      },
      dns: { mx: () => Promise.resolve(absent('no-such-record')) },
    });
    const id = await relay.send({ to: ['b@far.test'] });
    const { tls, attempt } = await relay.until('deferred', ({ event }) => event === 'deferred');
    assert.deepEqual([tls?.because, attempt], ['an error of this relay: no rule was found', 1]);
    assert.ok(relay.oddities.some((line) => line.includes(id) && line.includes('no rule was found')));
    assert.deepEqual(await relay.states(id), { 'b@far.test': 'waiting' });
    broken = false;
    relay.later(120_000);
    await relay.until('delivered', ({ event }) => event === 'delivered');
  });
});

describe('a message for several mailboxes of a host that is not there', () => {
  it('comes due for all of them at the same moment, so that it goes to them in one transaction', async (t) => {
    const relay = await startTestRelay(t, { keyPair: certificate, routes: [toPort(9)] });
    const to = Array.from({ length: 20 }, (_, index) => `user${index}@far.test`);
    await relay.send({ to });
    const deferred = () => relay.events.filter(({ event }) => event === 'deferred');
    await eventually('all of them', () => (deferred().length === to.length ? true : undefined));
    const times = new Set(deferred().map(({ nextAttemptAt }) => nextAttemptAt));
    assert.deepEqual([times.size, times.has(null)], [1, false]);
  });
});
