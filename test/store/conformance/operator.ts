/** What an operator sees and does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import { type Delivery, type DeliveryEvent, next } from '../../../src/queue/delivery.ts';
import type { Nudge, QueueStore } from '../../../src/store/queue-store.ts';
import type { WithStore } from '../conformance.ts';
import { claimAt, message, nudgeAll, settleAll, settlementsOf, summary, to } from '../samples.ts';

export function operatorConforms(withStore: WithStore): void {
  describe('list and show', () => {
    it(
      'pages through the messages in the order of their ids, also after one that is gone',
      withStore(async ({ store }) => {
        for (const id of ['e', 'a', 'd', 'b', 'c']) await store.accept(message(id));
        const ids = async (after: string): Promise<string[]> =>
          (await store.list({ which: 'open', most: 2, after })).map(({ id }) => id);
        assert.deepEqual(
          (await store.list({ which: 'open', most: 2 })).map(({ id }) => id),
          ['a', 'b'],
        );
        assert.deepEqual(await ids('b'), ['c', 'd']);
        assert.deepEqual(await ids('cc'), ['d', 'e']);
        assert.deepEqual(await ids('e'), []);
      }),
    );

    it(
      'leaves out final messages where only open ones are asked for',
      withStore(async ({ store }) => {
        await store.accept(message('done'));
        await settleAll(store, await store.claim(claimAt(1000)), { kind: 'delivered', at: 1001 });
        await store.accept(message('open'));
        assert.deepEqual(
          (await store.list({ which: 'open', most: 9 })).map(({ id }) => id),
          ['open'],
        );
        assert.deepEqual(
          (await store.list({ which: 'all', most: 9 })).map(({ id }) => id),
          ['done', 'open'],
        );
      }),
    );

    it(
      'knows nothing of unknown ids',
      withStore(async ({ store }) => {
        assert.equal(await store.show('unknown'), undefined);
        assert.equal(await store.body('unknown'), undefined);
        assert.deepEqual(await nudgeAll(store, { what: 'retry', now: 1, of: { id: 'unknown' } }), []);
        assert.deepEqual(
          await nudgeAll(store, { what: 'retry', now: 1, of: { destination: 'unknown' } }),
          [],
        );
      }),
    );
  });

  describe('nudge', () => {
    it(
      'says in its events of which trace the message is part',
      withStore(async ({ store }) => {
        const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
        await store.accept(message('traced', { terms: { ...noTerms, trace } }));
        await store.accept(message('untraced'));
        const nudged = await nudgeAll(store, { what: 'hold', now: 2000, of: 'all' });
        assert.deepEqual(
          nudged.map(({ event }) => event?.trace),
          [trace, undefined],
        );
      }),
    );

    const said = { hold: 'held', release: 'released', cancel: 'cancelled' };
    const states = ['waiting', 'attempting', 'held-tls', 'held', 'delivered', 'cancelled'] as const;
    for (const what of ['retry', 'hold', 'release', 'cancel'] as const) {
      for (const state of states) {
        it(
          `${what} does to ${state} what the life of a delivery says, and nothing mid-flight`,
          withStore(async ({ store }) => {
            await store.accept(message('m'));
            await bring(store, state);
            const before = await deliveryOf(store);
            const event: DeliveryEvent = what === 'hold' ? { kind: what } : { kind: what, at: 3000 };
            // What is held for want of TLS is no operator's to let go without saying under which level.
            const expected = what === 'release' && state === 'held-tls' ? undefined : next(before, event);
            const nudged = await nudgeAll(store, { what, now: 3000, of: 'all' });
            assert.deepEqual(
              nudged.map(({ id, address, delivery }) => ({ id, address, delivery })),
              expected === undefined ? [] : [{ id: 'm', address: 'a@one.test', delivery: expected }],
            );
            const events = nudged.flatMap(({ event: raised }) => raised ?? []);
            assert.deepEqual(
              events.map((raised) => [raised.event, raised.to, raised.at]),
              expected === undefined || what === 'retry'
                ? []
                : [[said[what], 'a@one.test', '1970-01-01T00:00:03.000Z']],
            );
            assert.deepEqual((await store.show('m'))?.events.slice(-events.length || 99), events);
            assert.deepEqual(await deliveryOf(store), expected ?? before);
          }),
        );
      }
    }

    it(
      'makes mail due earlier by what the clock was set back, what was never tried at once, and nothing before now',
      withStore(async ({ store }) => {
        const day = 86_400_000;
        const now = 100_000;
        const back = { what: 'retry', of: 'all', now, earlierBy: day } as const;
        for (const id of ['far', 'near']) await store.accept(message(id));
        for (const claim of await store.claim(claimAt(1_000))) {
          const notBefore = claim.message.id === 'far' ? now + day + 5_000 : now + 7_000;
          await settleAll(store, [claim], { kind: 'waiting', attempts: 1, notBefore });
        }
        await store.accept(message('new', { receivedAt: now + day }));
        const nudged = await nudgeAll(store, back);
        assert.deepEqual(
          nudged.map(({ id, delivery, event }) => [id, delivery, event]),
          [
            ['far', { kind: 'waiting', attempts: 1, notBefore: now + 5_000 }, null],
            ['near', { kind: 'waiting', attempts: 1, notBefore: now }, null],
            ['new', { kind: 'waiting', attempts: 0, notBefore: now }, null],
          ],
        );
        const due = await store.claim(claimAt(now, { leaseEnds: Number.MAX_SAFE_INTEGER }));
        assert.deepEqual(due.map((claim) => claim.message.id).toSorted(), ['near', 'new']);
        assert.equal(await store.nextDue(), now + 5_000);
      }),
    );

    const scopes: readonly { readonly of: Nudge['of']; readonly reaches: readonly string[] }[] = [
      { of: { id: 'm1' }, reaches: ['m1 a@one.test', 'm1 b@two.test'] },
      { of: { destination: 'one.test' }, reaches: ['m1 a@one.test', 'm2 a@one.test'] },
      { of: 'all', reaches: ['m1 a@one.test', 'm1 b@two.test', 'm2 a@one.test'] },
    ];
    for (const { of, reaches } of scopes) {
      it(
        `reaches ${reaches.join(', ')} by ${JSON.stringify(of)}`,
        withStore(async ({ store }) => {
          await store.accept(message('m1', { recipients: to('a@one.test', 'b@two.test') }));
          await store.accept(message('m2'));
          const nudged = await nudgeAll(store, { what: 'hold', now: 1, of });
          assert.deepEqual(nudged.map(({ id, address }) => `${id} ${address}`).toSorted(), reaches);
        }),
      );
    }

    it(
      'moves the next due time with what it moves',
      withStore(async ({ store }) => {
        await store.accept(message('m', { receivedAt: 9000 }));
        await nudgeAll(store, { what: 'retry', now: 2000, of: { destination: 'one.test' } });
        assert.equal(await store.nextDue(), 2000);
        await nudgeAll(store, { what: 'hold', now: 2000, of: 'all' });
        assert.equal(await store.nextDue(), undefined);
        assert.deepEqual(await store.claim(claimAt(99_000)), [], 'what an operator holds is never claimed');
        await store.purge(0);
        await store.nudge({ what: 'release', now: 3000, of: { id: 'm' } });
        assert.deepEqual(summary(await store.claim(claimAt(3000))), ['m: a@one.test']);
      }),
    );

    it(
      'lets what blocked a message be news again after a release',
      withStore(async ({ store }) => {
        await store.accept(message('m'));
        const [claimed] = await store.claim(claimAt(2000));
        assert.ok(claimed !== undefined);
        const held = { kind: 'held', by: 'tls', attempts: 1, notBefore: 5000 } as const;
        const settlements = settlementsOf(claimed, held, { blockedBecause: 'starttls-not-supported' });
        await store.settle({ settlements, messages: [], warned: [] });
        for (const what of ['hold', 'release'] as const)
          await store.nudge({ what, now: 3000, of: { id: 'm' } });
        const [again] = await store.claim(claimAt(3000));
        assert.equal(again?.recipients[0]?.blockedBecause, null);
      }),
    );

    it(
      'ends a message whose last open recipient it cancels',
      withStore(async ({ store }) => {
        await store.accept(message('m', { recipients: to('a@one.test', 'b@one.test') }));
        await store.nudge({ what: 'cancel', now: 2000, of: { id: 'm' } });
        assert.equal(await store.body('m'), undefined);
        assert.deepEqual(await store.list({ which: 'open', most: 9 }), []);
        assert.equal(await store.nextDue(), undefined);
      }),
    );
  });

  describe('purge', () => {
    it(
      'forgets what has been final since before a time, with all of its trail',
      withStore(async ({ store }) => {
        await store.accept(message('old'));
        await settleAll(store, await store.claim(claimAt(1000)), { kind: 'delivered', at: 2000 });
        await store.accept(message('new'));
        await settleAll(store, await store.claim(claimAt(1000)), { kind: 'bounced', at: 2001 });
        await store.accept(message('open', { receivedAt: 1 }));
        assert.equal(await store.purge(2000), 0);
        assert.equal(await store.purge(2001), 1);
        assert.deepEqual(
          (await store.list({ which: 'all', most: 9 })).map(({ id }) => id),
          ['new', 'open'],
        );
        await store.accept(message('old'));
        assert.deepEqual((await store.show('old'))?.events, []);
      }),
    );

    it(
      'forgets any number of them',
      withStore(async ({ store }) => {
        const ids = Array.from({ length: 1200 }, (_, index) => `m${index}`);
        await Promise.all(ids.map((id) => store.accept(message(id))));
        await nudgeAll(store, { what: 'cancel', now: 2000, of: 'all' });
        assert.equal(await store.purge(3000), 1200);
        assert.deepEqual(await store.list({ which: 'all', most: 9 }), []);
      }),
    );
  });
}

async function bring(
  store: QueueStore,
  state: 'waiting' | 'attempting' | 'held-tls' | 'held' | 'delivered' | 'cancelled',
): Promise<void> {
  if (state === 'held') await nudgeAll(store, { what: 'hold', now: 1000, of: 'all' });
  if (state === 'cancelled') await nudgeAll(store, { what: 'cancel', now: 1000, of: 'all' });
  if (state === 'attempting') await store.claim(claimAt(1000));
  if (state === 'delivered')
    await settleAll(store, await store.claim(claimAt(1000)), { kind: 'delivered', at: 1001 });
  if (state === 'held-tls') {
    const held: Delivery = { kind: 'held', by: 'tls', attempts: 1, notBefore: 8000 };
    await settleAll(store, await store.claim(claimAt(1000)), held);
  }
}

async function deliveryOf(store: QueueStore): Promise<Delivery> {
  const delivery = (await store.show('m'))?.recipients[0]?.delivery;
  assert.ok(delivery);
  return delivery;
}
