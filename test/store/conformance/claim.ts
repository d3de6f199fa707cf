/** Handing out work. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WithStore } from '../conformance.ts';
import { claimAt, message, settleAll, summary, to } from '../samples.ts';

export function claimConforms(withStore: WithStore): void {
  describe('claim', () => {
    it(
      'hands over all that a delivery needs',
      withStore(async ({ store }) => {
        const wishes = { ret: 'headers', envelopeId: 'QQ+2B314159' } as const;
        const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
        const terms = { tls: 'requiretls', tellOutcome: true, account: 'anna', trace, verp: '+=' } as const;
        const properties = { size: 7, eightBit: true, longestLine: 5, hops: 3, needsUtf8: true };
        const asked = { notify: ['success', 'delay'], originalRecipient: 'rfc822;b+2Bx@one.test' } as const;
        const recipients = [
          ...to('a@one.test'),
          { address: 'b@one.test', destination: 'one.test', wishes: asked },
          { address: 'c@one.test', destination: 'one.test', wishes: { ...asked, notify: [] } },
        ];
        await store.accept(message('whole', { sender: '', wishes, terms, properties, recipients }));
        const [claim, ...others] = await store.claim(claimAt(1000));
        assert.deepEqual(others, []);
        assert.deepEqual(claim, {
          fence: claim?.fence,
          destination: 'one.test',
          message: {
            id: 'whole',
            receivedAt: 1000,
            sender: '',
            wishes,
            terms,
            properties,
            warnedAt: null,
            heldNoticeAt: null,
            release: null,
          },
          recipients: recipients.map(({ address, wishes: each }) => ({
            address,
            wishes: each,
            attempts: 0,
            blockedBecause: null,
            toldCause: null,
          })),
        });
      }),
    );

    it(
      'groups the recipients of one message and destination, and nothing else',
      withStore(async ({ store }) => {
        await store.accept(message('m1', { recipients: to('a@one.test', 'c@two.test', 'b@one.test') }));
        await store.accept(message('m2', { recipients: to('a@one.test') }));
        const claims = await store.claim(claimAt(1000));
        assert.deepEqual(summary(claims).toSorted(), [
          'm1: a@one.test b@one.test',
          'm1: c@two.test',
          'm2: a@one.test',
        ]);
      }),
    );

    it(
      'splits a group that is larger than a claim may be',
      withStore(async ({ store }) => {
        await store.accept(
          message('m', {
            recipients: to('a@one.test', 'b@one.test', 'c@one.test', 'd@one.test', 'e@one.test'),
          }),
        );
        const claims = await store.claim(claimAt(1000, { recipientsPerClaim: 2 }));
        assert.deepEqual(summary(claims), [
          'm: a@one.test b@one.test',
          'm: c@one.test d@one.test',
          'm: e@one.test',
        ]);
      }),
    );

    it(
      'makes at most as many claims as asked for',
      withStore(async ({ store }) => {
        for (const id of ['m1', 'm2', 'm3']) await store.accept(message(id));
        assert.deepEqual(summary(await store.claim(claimAt(1000, { most: 2 }))), [
          'm1: a@one.test',
          'm2: a@one.test',
        ]);
        assert.deepEqual(summary(await store.claim(claimAt(1000, { most: 2 }))), ['m3: a@one.test']);
        assert.deepEqual(await store.claim(claimAt(1000, { most: 0 })), []);
      }),
    );

    it(
      'refuses to claim nobody: the search for such a claim would never end',
      withStore(async ({ store }) => {
        await store.accept(message('m'));
        for (const recipientsPerClaim of [0, -1, Number.NaN]) {
          await assert.rejects(store.claim(claimAt(1000, { recipientsPerClaim })), { code: 'refused' });
        }
      }),
    );

    it(
      'leaves what is not due yet',
      withStore(async ({ store }) => {
        await store.accept(message('m', { receivedAt: 2000 }));
        assert.deepEqual(await store.claim(claimAt(1999)), []);
        assert.deepEqual(summary(await store.claim(claimAt(2000))), ['m: a@one.test']);
      }),
    );

    it(
      'serves the destination that has waited longest, and in it the oldest recipient',
      withStore(async ({ store }) => {
        await store.accept(message('m3', { receivedAt: 1300, recipients: to('a@one.test') }));
        await store.accept(message('m2', { receivedAt: 1200, recipients: to('a@two.test') }));
        await store.accept(message('m1', { receivedAt: 1100, recipients: to('a@one.test') }));
        const order = ['m1: a@one.test', 'm2: a@two.test', 'm3: a@one.test'];
        assert.deepEqual(summary(await store.claim(claimAt(5000))), order);
      }),
    );

    it(
      'steps over a destination with as many claims out as it may have, those of earlier calls included',
      withStore(async ({ store }) => {
        for (let index = 0; index < 5; index++) {
          await store.accept(message(`dead${index}`, { recipients: to('a@dead.test') }));
        }
        await store.accept(message('live', { receivedAt: 1500, recipients: to('a@live.test') }));
        const most = { perDestination: 2, leaseEnds: 9000 };
        const first = await store.claim(claimAt(1000, most));
        assert.deepEqual(summary(first), ['dead0: a@dead.test', 'dead1: a@dead.test']);
        assert.deepEqual(summary(await store.claim(claimAt(1500, most))), ['live: a@live.test']);
      }),
    );

    it(
      'gives a destination room again when a claim is settled',
      withStore(async ({ store }) => {
        for (const id of ['m1', 'm2', 'm3'])
          await store.accept(message(id, { recipients: to('a@one.test', 'b@one.test') }));
        const one = { perDestination: 1, leaseEnds: 9000 };
        const [claim] = await store.claim(claimAt(1000, one));
        assert.ok(claim);
        const half = { ...claim, recipients: claim.recipients.slice(0, 1) };
        await settleAll(store, [half], { kind: 'delivered', at: 1001 });
        assert.deepEqual(await store.claim(claimAt(1002, one)), [], 'the other half is still out');
        await settleAll(store, [claim], { kind: 'delivered', at: 1003 });
        assert.deepEqual(summary(await store.claim(claimAt(1004, one))), ['m2: a@one.test b@one.test']);
      }),
    );

    it(
      'claims nothing twice while its lease lasts, and again from its end on, under a larger fence',
      withStore(async ({ store }) => {
        await store.accept(message('m'));
        const [first] = await store.claim(claimAt(1000, { leaseEnds: 1100 }));
        assert.deepEqual(await store.claim(claimAt(1099)), []);
        const [second] = await store.claim(claimAt(1100));
        assert.ok(first && second && second.fence > first.fence);
        assert.deepEqual(summary([second]), ['m: a@one.test']);
        assert.equal(second.recipients[0]?.attempts, 0, 'an attempt that nobody finished is not counted');
      }),
    );

    it(
      'claims those held for want of TLS on schedule, like those waiting',
      withStore(async ({ store }) => {
        await store.accept(message('m'));
        const claims = await store.claim(claimAt(1000));
        await settleAll(store, claims, { kind: 'held', by: 'tls', attempts: 1, notBefore: 3000 });
        assert.equal(await store.nextDue(), 3000);
        assert.deepEqual(await store.claim(claimAt(2999)), []);
        const [again] = await store.claim(claimAt(3000));
        assert.equal(again?.recipients[0]?.attempts, 1);
      }),
    );

    it(
      'lets what was being attempted wait again after a restart, and no fence ever comes back',
      withStore(async (harness) => {
        await harness.store.accept(message('waiting', { recipients: to('a@one.test') }));
        await harness.store.accept(message('tls', { recipients: to('a@two.test') }));
        const claims = await harness.store.claim(claimAt(1000));
        await settleAll(
          harness.store,
          claims.filter((claim) => claim.message.id === 'tls'),
          { kind: 'held', by: 'tls', attempts: 1, notBefore: 1010 },
        );
        const last = await harness.store.claim(claimAt(1010, { leaseEnds: 99_000 }));
        const fences = [...claims, ...last].map(({ fence }) => fence);
        const store = await harness.reopen();
        const deliveries = (await store.list({ which: 'open', most: 9 })).map(
          ({ recipients }) => recipients[0]?.delivery,
        );
        assert.deepEqual(deliveries, [
          { kind: 'held', by: 'tls', attempts: 1, notBefore: 1010 },
          { kind: 'waiting', attempts: 0, notBefore: 1000 },
        ]);
        assert.equal(await settleAll(store, claims, { kind: 'delivered', at: 5001 }), 0);
        const again = await store.claim(claimAt(5000, { perDestination: 1 }));
        assert.equal(again.length, 2);
        assert.ok(
          again.every(({ fence }) => fence > Math.max(...fences)),
          'larger than every one before',
        );
      }),
    );
  });

  describe('nextDue', () => {
    it(
      'is undefined while nothing is scheduled, and the end of the first lease while all is out',
      withStore(async ({ store }) => {
        assert.equal(await store.nextDue(), undefined);
        await store.accept(message('m1', { receivedAt: 1200 }));
        await store.accept(message('m2', { receivedAt: 1100 }));
        assert.equal(await store.nextDue(), 1100);
        const claims = await store.claim(claimAt(1200, { leaseEnds: 7000 }));
        assert.equal(await store.nextDue(), 7000);
        await settleAll(store, claims, { kind: 'delivered', at: 1300 });
        assert.equal(await store.nextDue(), undefined);
      }),
    );

    it(
      'leaves out destinations that have as many claims out as they may',
      withStore(async ({ store }) => {
        await store.accept(message('m1'));
        await store.accept(message('m2'));
        await store.accept(message('later', { receivedAt: 3000, recipients: to('a@two.test') }));
        await store.claim(claimAt(1000, { most: 1, leaseEnds: 9000 }));
        assert.equal(await store.nextDue(2), 1000);
        assert.equal(await store.nextDue(1), 3000);
      }),
    );
  });
}
