/** Stopping destinations, and changing much of the queue at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WithStore } from '../conformance.ts';
import { claimAt, message, nudgeAll, settleAll, settlementsOf, summary, to } from '../samples.ts';

export function pauseConforms(withStore: WithStore): void {
  describe('pause', () => {
    it(
      'keeps a destination from being claimed until it is ended, over a restart, and nobody else',
      withStore(async (harness) => {
        await harness.store.accept(message('m1', { recipients: to('a@one.test', 'b@two.test') }));
        await harness.store.pause({ destination: 'one.test', until: null });
        assert.deepEqual(summary(await harness.store.claim(claimAt(2000))), ['m1: b@two.test']);
        const store = await harness.reopen();
        await store.accept(message('m2'));
        assert.deepEqual(await store.pauses(2000), [{ destination: 'one.test', until: null }]);
        assert.deepEqual(summary(await store.claim(claimAt(3000))), ['m1: b@two.test']);
        assert.equal((await store.show('m2'))?.recipients[0]?.pause?.destination, 'one.test');
        assert.equal(await store.unpause('one.test'), true);
        assert.equal(await store.unpause('one.test'), false);
        assert.deepEqual(summary(await store.claim(claimAt(3001))), ['m1: a@one.test', 'm2: a@one.test']);
        assert.equal((await store.show('m2'))?.recipients[0]?.pause, null);
      }),
    );

    it(
      'ends by itself at its time, which is when something is due again',
      withStore(async ({ store }) => {
        await store.accept(message('m', { receivedAt: 1000 }));
        await store.pause({ destination: 'one.test', until: 4000 });
        await store.pause({ destination: 'one.test', until: 3000 });
        assert.equal(await store.nextDue(), 3000);
        assert.deepEqual(await store.pauses(2999), [{ destination: 'one.test', until: 3000 }]);
        assert.deepEqual(await store.claim(claimAt(2999)), []);
        assert.deepEqual(summary(await store.claim(claimAt(3000))), ['m: a@one.test']);
        assert.deepEqual(await store.pauses(3000), []);
        assert.equal((await store.show('m'))?.recipients[0]?.pause, null, 'forgotten once it is over');
      }),
    );

    it(
      'lets an operator retry, hold and cancel what it stops',
      withStore(async ({ store }) => {
        await store.accept(message('m', { receivedAt: 9000 }));
        await store.pause({ destination: 'one.test', until: null });
        await nudgeAll(store, { what: 'retry', now: 2000, of: 'all' });
        assert.equal(await store.nextDue(), undefined);
        assert.deepEqual(await store.claim(claimAt(2000)), []);
        await store.unpause('one.test');
        assert.equal(await store.nextDue(), 2000);
      }),
    );
  });

  describe('what is being attempted', () => {
    it(
      'is counted by a pause and by a change that leaves it out, which a release does not',
      withStore(async ({ store }) => {
        await store.accept(message('m1', { recipients: to('a@one.test', 'b@one.test', 'c@two.test') }));
        await store.claim(claimAt(2000));
        await store.accept(message('m2'));
        assert.equal(await store.pause({ destination: 'one.test', until: null }), 2);
        for (const [what, changes, underWay] of [
          ['retry', 1, 3],
          ['hold', 1, 3],
          ['release', 1, 0],
          ['cancel', 1, 3],
        ] as const) {
          const step = await store.nudge({ what, now: 2000, of: 'all' });
          assert.deepEqual([step.changed.length, step.underWay], [changes, underWay], what);
        }
      }),
    );

    it(
      'given back waits as before, and a second word about the same claim does not matter',
      withStore(async ({ store }) => {
        await store.accept(message('m'));
        const before = await store.show('m');
        const [claim] = await store.claim(claimAt(2000, { perDestination: 1 }));
        assert.ok(claim !== undefined);
        for (let times = 0; times < 2; times++) await store.giveBack([{ fence: claim.fence, moved: [] }]);
        assert.deepEqual(await store.show('m'), before);
        const again = await store.claim(claimAt(2000, { perDestination: 1 }));
        assert.deepEqual(summary(again), ['m: a@one.test']);
        const delivered = { kind: 'delivered', at: 2000 } as const;
        assert.equal(await settleAll(store, [claim], delivered), 0, 'the old claim is over');
        assert.equal(await settleAll(store, again, delivered), 1);
      }),
    );

    it(
      'given back can wait until a time, with the reason, in the state that each recipient has, over a restart',
      withStore(async (harness) => {
        const { store } = harness;
        await store.accept(message('m', { recipients: to('a@one.test', 'b@one.test', 'c@one.test') }));
        const [first] = await store.claim(claimAt(1000));
        assert.ok(first !== undefined);
        const held = { kind: 'held', by: 'tls', attempts: 1, notBefore: 900 } as const;
        await store.settle({
          settlements: settlementsOf(first, held, { blockedBecause: 'certificate-expired' }).slice(0, 1),
          messages: [],
          warned: [],
        });
        await store.giveBack([{ fence: first.fence, moved: [] }]);
        const [claim] = await store.claim(claimAt(2000, { perDestination: 1, recipientsPerClaim: 2 }));
        assert.ok(claim?.recipients.length === 2, 'one stays where it is');
        const postponed = { until: 9000, because: 'waits for its turn' };
        await store.giveBack([{ fence: claim.fence, moved: [], postponed }]);
        assert.deepEqual(summary(await store.claim(claimAt(8999))), ['m: c@one.test']);
        const again = await harness.reopen();
        const shown = await again.show('m');
        assert.deepEqual(
          shown?.recipients.map(({ delivery, lastWord, blockedBecause }) => ({
            delivery,
            lastWord,
            blockedBecause,
          })),
          [
            {
              delivery: { ...held, notBefore: 9000 },
              lastWord: postponed.because,
              blockedBecause: 'certificate-expired',
            },
            {
              delivery: { kind: 'waiting', attempts: 0, notBefore: 9000 },
              lastWord: postponed.because,
              blockedBecause: null,
            },
            {
              delivery: { kind: 'waiting', attempts: 0, notBefore: 1000 },
              lastWord: null,
              blockedBecause: null,
            },
          ],
        );
        assert.deepEqual(shown?.events, []);
        assert.deepEqual(summary(await again.claim(claimAt(9000))), ['m: c@one.test a@one.test b@one.test']);
      }),
    );

    it(
      'given back can wait under another destination from then on, over a restart',
      withStore(async (harness) => {
        const routed = to('a@one.test', 'b@two.test').map((one) => ({
          ...one,
          destination: 'smtp://hop:25',
        }));
        await harness.store.accept(message('m', { recipients: routed }));
        await harness.store.pause({ destination: 'one.test', until: null });
        const [claim] = await harness.store.claim(claimAt(2000));
        assert.ok(claim !== undefined);
        const moved = [{ address: 'a@one.test', destination: 'one.test' }];
        await harness.store.giveBack([{ fence: claim.fence, moved }]);
        assert.deepEqual(summary(await harness.store.claim(claimAt(2000))), ['m: b@two.test']);
        const store = await harness.reopen();
        assert.deepEqual(
          (await store.show('m'))?.recipients.map(({ address, destination }) => [address, destination]),
          [
            ['a@one.test', 'one.test'],
            ['b@two.test', 'smtp://hop:25'],
          ],
        );
        await store.unpause('one.test');
        const both = await store.claim(claimAt(2000));
        assert.deepEqual(summary(both).toSorted(), ['m: a@one.test', 'm: b@two.test']);
        assert.equal(await settleAll(store, both, { kind: 'delivered', at: 2000 }), 2);
      }),
    );
  });

  describe('a change of a destination', () => {
    it(
      'together with a domain reaches what its addresses were queued under, and no longer name',
      withStore(async ({ store }) => {
        const addressed = to('a@one.test', 'b@sub.one.test', 'c@two.test');
        const recipients = addressed.map((one) => ({ ...one, destination: 'smtp://old:25' }));
        await store.accept(message('m', { recipients }));
        await store.accept(message('n', { recipients: to('d@one.test') }));
        const of = { destination: 'smtp://new:25', domain: 'one.test' };
        const held = await nudgeAll(store, { what: 'hold', now: 2000, of });
        assert.deepEqual(
          held.map(({ address }) => address),
          ['a@one.test', 'd@one.test'],
        );
      }),
    );
  });

  describe('a change of everything', () => {
    it(
      'goes in steps, reaches each recipient once, and mail goes on between them',
      withStore(async ({ store }) => {
        const ids = Array.from({ length: 2500 }, (_, index) => `m${10_000 + index}`);
        await Promise.all(ids.map((id) => store.accept(message(id))));
        const first = await store.nudge({ what: 'hold', now: 2000, of: 'all' });
        assert.deepEqual([first.changed.length, first.next], [1000, 'm10999']);
        const claims = await store.claim(claimAt(2000, { most: 1 }));
        assert.deepEqual(summary(claims), ['m11000: a@one.test']);
        const rest = await nudgeAll(store, { what: 'hold', now: 2000, of: 'all', after: 'm10999' });
        assert.equal(rest.length, 1499, 'all but the one that is being attempted');
      }),
    );

    it(
      'has an end where messages have many recipients, and where nothing is meant',
      withStore(async ({ store }) => {
        const many = to(...Array.from({ length: 700 }, (_, index) => `a${index}@one.test`));
        for (const id of ['a', 'b', 'c']) await store.accept(message(id, { recipients: many }));
        const first = await store.nudge({ what: 'cancel', now: 2000, of: 'all' });
        assert.deepEqual([first.changed.length, first.next], [1400, 'b']);
        const last = await store.nudge({ what: 'cancel', now: 2000, of: 'all', after: 'b' });
        assert.deepEqual([last.changed.length, last.next], [700, null]);
        const none = await store.nudge({ what: 'retry', now: 2000, of: { destination: 'nowhere.test' } });
        assert.deepEqual(none, { changed: [], underWay: 0, bound: 0, next: null });
      }),
    );
  });
}
