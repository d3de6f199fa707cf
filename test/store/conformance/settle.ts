/** Writing down how attempts ended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noRecipientWishes } from '../../../src/names/wishes.ts';
import type { Delivery } from '../../../src/queue/delivery.ts';
import type { Claim, QueueStore } from '../../../src/store/queue-store.ts';
import type { WithStore } from '../conformance.ts';
import { claimAt, event, message, settleAll, settlementsOf, to } from '../samples.ts';

const delivered: Delivery = { kind: 'delivered', at: 1050 };
const deferred: Delivery = { kind: 'waiting', attempts: 1, notBefore: 2000 };

export function settleConforms(withStore: WithStore): void {
  describe('settle', () => {
    for (const delivery of [
      delivered,
      deferred,
      { kind: 'bounced', at: 1050 },
      { kind: 'held', by: 'tls', attempts: 1, notBefore: 2000 },
      { kind: 'waiting', attempts: 0, notBefore: 1050 },
    ] as const satisfies Delivery[]) {
      it(
        `keeps ${JSON.stringify(delivery)}`,
        withStore(async (harness) => {
          const claim = await claimOne(harness.store);
          assert.equal(await settleAll(harness.store, [claim], delivery), 1);
          const store = await harness.reopen();
          assert.deepEqual((await store.show('m'))?.recipients[0]?.delivery, delivery);
        }),
      );
    }

    for (const delivery of [
      { kind: 'waiting', attempts: 7, notBefore: 2000 },
      { kind: 'held', by: 'operator', attempts: 1, notBefore: 2000 },
      { kind: 'held', by: 'tls', attempts: 0, notBefore: 2000 },
      { kind: 'attempting', attempts: 0, leaseEnds: 9000, from: 'waiting' },
      { kind: 'cancelled', at: 1050 },
    ] as const satisfies Delivery[]) {
      it(
        `refuses ${JSON.stringify(delivery)}: an attempt cannot end so`,
        withStore(async ({ store }) => {
          const claim = await claimOne(store);
          await assert.rejects(settleAll(store, [claim], delivery), { code: 'refused' });
          assert.equal(await settleAll(store, [claim], delivered), 1, 'the claim is still open');
        }),
      );
    }

    it(
      'ignores a settlement under an old fence, for another recipient, and a second one',
      withStore(async ({ store }) => {
        const old = await claimOne(store, { leaseEnds: 1100 });
        const [claim] = await store.claim(claimAt(1100));
        assert.ok(claim);
        assert.equal(await settleAll(store, [old], delivered), 0);
        const stranger = settlementsOf(claim, delivered, { address: 'stranger@one.test' });
        const elsewhere = settlementsOf(claim, delivered, { id: 'other' });
        assert.equal(
          await store.settle({ settlements: [...stranger, ...elsewhere], messages: [], warned: [] }),
          0,
        );
        assert.equal(await settleAll(store, [claim], deferred), 1);
        assert.equal(await settleAll(store, [claim], delivered), 0);
        assert.deepEqual((await store.show('m'))?.recipients[0]?.delivery, deferred);
      }),
    );

    it(
      'keeps a bounce in the same commit as the recipient that it tells about',
      withStore(async ({ store }) => {
        const claim = await claimOne(store);
        const settlements = settlementsOf(claim, { kind: 'bounced', at: 1050 });
        const bad = [message('bounce', { sender: '', recipients: [] })];
        await assert.rejects(store.settle({ settlements, messages: bad, warned: [] }), { code: 'refused' });
        assert.equal((await store.show('m'))?.recipients[0]?.delivery.kind, 'attempting');
        const good = [message('bounce', { sender: '', recipients: to('sender@example.test') })];
        assert.equal(await store.settle({ settlements, messages: good, warned: [] }), 1);
        assert.equal((await store.show('m'))?.recipients[0]?.delivery.kind, 'bounced');
        assert.equal((await store.show('bounce'))?.recipients[0]?.delivery.kind, 'waiting');
      }),
    );

    it(
      'keeps neither bounce nor warning of one whose settlements come too late',
      withStore(async ({ store }) => {
        const old = await claimOne(store, { leaseEnds: 1100 });
        await store.claim(claimAt(1100));
        const settlements = settlementsOf(old, { kind: 'bounced', at: 1050 });
        const request = { settlements, messages: [message('bounce')], warned: [{ id: 'm', at: 1050 }] };
        assert.equal(await store.settle(request), 0);
        assert.equal(await store.show('bounce'), undefined);
        const [claim] = await store.claim(claimAt(9000));
        assert.equal(claim?.message.warnedAt, null);
      }),
    );

    it(
      'remembers when the sender was warned',
      withStore(async ({ store }) => {
        const claim = await claimOne(store);
        const warned = [
          { id: 'm', at: 1234 },
          { id: 'unknown', at: 1 },
        ];
        await store.settle({ settlements: settlementsOf(claim, deferred), messages: [], warned });
        const [again] = await store.claim(claimAt(2000));
        assert.equal(again?.message.warnedAt, 1234);
      }),
    );

    it(
      'tells the next attempt what the sender was told of a hold, whatever has become of it since, over a restart',
      withStore(async (harness) => {
        const { store } = harness;
        const claim = await claimOne(store);
        const held: Delivery = { kind: 'held', by: 'tls', attempts: 1, notBefore: 2000 };
        const cause = 'certificate-expired';
        const settlements = settlementsOf(claim, held, { blockedBecause: cause, toldCause: cause });
        await store.settle({ settlements, messages: [], warned: [] });
        const second = await store.claim(claimAt(2000));
        assert.equal(second[0]?.recipients[0]?.toldCause, cause);
        await settleAll(store, second, { kind: 'waiting', attempts: 2, notBefore: 3000 });
        const [third] = await (await harness.reopen()).claim(claimAt(3000));
        assert.equal(third?.recipients[0]?.toldCause, cause);
      }),
    );

    it(
      'tells the next attempt why the last one was blocked',
      withStore(async ({ store }) => {
        const claim = await claimOne(store);
        const held: Delivery = { kind: 'held', by: 'tls', attempts: 1, notBefore: 2000 };
        const settlements = settlementsOf(claim, held, { blockedBecause: 'no STARTTLS' });
        await store.settle({ settlements, messages: [], warned: [] });
        const [again] = await store.claim(claimAt(2000));
        assert.deepEqual(again?.recipients, [
          {
            address: 'a@one.test',
            wishes: noRecipientWishes,
            attempts: 1,
            blockedBecause: 'no STARTTLS',
            toldCause: null,
          },
        ]);
        await settleAll(store, [again], { kind: 'waiting', attempts: 2, notBefore: 3000 });
        const [third] = await store.claim(claimAt(3000));
        assert.equal(third?.recipients[0]?.blockedBecause, null);
      }),
    );

    it(
      'keeps the trail in order, the newest transcript, and the newest reason',
      withStore(async ({ store }) => {
        const claim = await claimOne(store);
        const said = event('deferred', { reply: { code: 451, enhanced: '4.7.1', text: 'Later' } });
        const first = settlementsOf(claim, deferred, { events: [said], transcript: ['C: old'] });
        await store.settle({ settlements: first, messages: [], warned: [] });
        const [again] = await store.claim(claimAt(2000));
        assert.ok(again);
        const later: Delivery = { kind: 'waiting', attempts: 2, notBefore: 4000 };
        const second = settlementsOf(again, later, {
          events: [event('deferred', { attempt: 2 })],
          transcript: ['C: new', 'S: 4'],
        });
        await store.settle({ settlements: second, messages: [], warned: [] });
        const trail = await store.show('m');
        assert.deepEqual(trail?.events, [said, event('deferred', { attempt: 2 })]);
        assert.deepEqual(trail.transcripts, [{ address: 'a@one.test', at: 2000, lines: ['C: new', 'S: 4'] }]);
        assert.equal(trail.recipients[0]?.lastWord, '451 4.7.1 Later', 'the newest event gave no reason');
      }),
    );

    it(
      'forgets the content, but not the message, once all of its recipients are final',
      withStore(async ({ store }) => {
        await store.accept(message('m', { recipients: to('a@one.test', 'b@two.test') }));
        const [one, two] = await store.claim(claimAt(1000));
        assert.ok(one && two);
        await settleAll(store, [one], delivered);
        assert.ok(await store.body('m'));
        await settleAll(store, [two], { kind: 'bounced', at: 1060 });
        assert.equal(await store.body('m'), undefined);
        assert.equal((await store.show('m'))?.recipients.length, 2);
      }),
    );
  });
}

async function claimOne(store: QueueStore, parts: { leaseEnds?: number } = {}): Promise<Claim> {
  await store.accept(message('m'));
  const [claim] = await store.claim(claimAt(1000, parts));
  assert.ok(claim);
  return claim;
}
