/** Mail that is held for want of TLS: where there is some, and how it goes on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventTls } from '../../../src/events/delivery-event.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import type { Release } from '../../../src/policies/overrides/release.ts';
import type { FreeRequest, QueueStore } from '../../../src/store/queue-store.ts';
import type { WithStore } from '../conformance.ts';
import { claimAt, message, settlementsOf, summary, to } from '../samples.ts';

const tls: EventTls = {
  outcome: null,
  required: 'authenticate',
  by: 'dane',
  because: 'a probe found what is required',
  version: null,
  cipher: null,
  group: null,
  certificateSha256: null,
  peerName: null,
  tlsa: null,
};
const request: FreeRequest = { destination: 'one.test', now: 7000, tls };
const terms: Release = { level: 'may', until: null, reason: 'told by phone', setAt: 6000 };
const all = { after: '', most: 9 };

export function holdsConform(withStore: WithStore): void {
  describe('held for want of TLS', () => {
    it(
      'is found by its destination, over a restart too, and no other mail is',
      withStore(async (harness) => {
        const { store } = harness;
        const secret = { ...noTerms, tls: 'requiretls' } as const;
        await store.accept(message('a', { recipients: to('a@one.test', 'b@two.test') }));
        await store.accept(message('b', { terms: secret, sender: 's@x.test' }));
        await holdAll(store);
        await store.accept(message('c', { recipients: to('c@three.test') }));
        const again = await harness.reopen();
        const [one, two] = ['one.test', 'two.test'].map((destination) => ({ destination, look: null }));
        assert.deepEqual(await again.heldDestinations(all), [one, two]);
        assert.deepEqual(await again.heldDestinations({ after: 'one.test', most: 9 }), [two]);
        assert.deepEqual(await again.heldDestinations({ after: '', most: 1 }), [one]);
        assert.deepEqual(await again.heldMail({ destination: 'one.test', most: 9 }), [
          { id: 'a', sender: 'sender@example.test', terms: noTerms, address: 'a@one.test', release: null },
          { id: 'b', sender: 's@x.test', terms: secret, address: 'a@one.test', release: null },
        ]);
        assert.equal((await again.heldMail({ destination: 'one.test', most: 1 })).length, 1);
        assert.deepEqual(await again.heldMail({ destination: 'three.test', most: 9 }), []);
      }),
    );

    it(
      'is known with what was seen of its destination, over a restart, for as long as something is held there',
      withStore(async (harness) => {
        const { store } = harness;
        await store.accept(message('a', { recipients: to('a@one.test', 'b@two.test') }));
        await holdAll(store);
        const one = {
          destination: 'one.test',
          looks: 3,
          dueAt: 9000,
          found: { at: 8000, because: 'no STARTTLS' },
        };
        const two = { destination: 'two.test', looks: 0, dueAt: 5000, found: null };
        await store.noteLooks([one, two, { ...two, destination: 'nothing-held.test' }]);
        await store.noteLooks([{ ...two, looks: 1 }]);
        const again = await harness.reopen();
        assert.deepEqual(await again.heldDestinations(all), [
          { destination: 'one.test', look: one },
          { destination: 'two.test', look: { ...two, looks: 1 } },
        ]);
        await again.free(request);
        await again.noteLooks([]);
        const claims = await again.claim(claimAt(7000, { perDestination: 1 }));
        const settlements = claims.flatMap((claim) =>
          settlementsOf(claim, { ...HELD, attempts: 2 }, { blockedBecause: 'starttls-not-supported' }),
        );
        await again.settle({ settlements, messages: [], warned: [] });
        assert.deepEqual(
          (await again.heldDestinations(all)).map(({ destination, look }) => [destination, look?.looks]),
          [
            ['one.test', undefined],
            ['two.test', 1],
          ],
        );
      }),
    );

    it(
      'is due at once when it is let go, with the reason in its trail; what is being attempted is left alone',
      withStore(async ({ store }) => {
        await store.accept(message('a', { recipients: to('a@one.test', 'b@two.test') }));
        await store.accept(message('b'));
        await holdAll(store);
        const [out] = await store.claim(claimAt(5000, { most: 1 }));
        assert.ok(out !== undefined);
        const { changed, more } = await store.free(request);
        assert.deepEqual([changed.length, more], [out.destination === 'one.test' ? 1 : 2, false]);
        for (const { delivery } of changed)
          assert.deepEqual(delivery, { kind: 'waiting', attempts: 1, notBefore: 7000 });
        const [first] = changed;
        assert.ok(first !== undefined);
        const trail = await store.show(first.id);
        assert.deepEqual(trail?.events.at(-1), first.event);
        assert.deepEqual([first.event?.event, first.event?.tls?.because], ['released', tls.because]);
        const recipient = trail?.recipients.find(({ address }) => address === first.address);
        assert.equal(recipient?.lastWord, tls.because);
        assert.equal(recipient.blockedBecause, null, 'what blocks it now is news');
        assert.ok((await store.claim(claimAt(7000))).some(({ message: { id } }) => id === first.id));
      }),
    );

    it(
      'is let go step by step, all of it',
      withStore(async ({ store }) => {
        const addresses = Array.from({ length: 1500 }, (_, index) => `r${index}@one.test`);
        await store.accept(message('a', { recipients: to(...addresses) }));
        await holdAll(store);
        const first = await store.free(request);
        const second = await store.free(request);
        assert.deepEqual([first.changed.length, first.more], [1000, true]);
        assert.deepEqual([second.changed.length, second.more], [500, false]);
        assert.deepEqual(await store.heldDestinations(all), []);
      }),
    );

    it(
      'goes under the level that an operator says, which each claim knows; REQUIRETLS is not his to take back',
      withStore(async (harness) => {
        const { store } = harness;
        await store.accept(message('a'));
        await store.accept(message('b', { terms: { ...noTerms, tls: 'requiretls' } }));
        await store.accept(message('c'));
        await holdAll(store);
        await store.nudge({ what: 'hold', now: 5500, of: { id: 'c' } });
        const step = await store.nudge({ what: 'release', now: 6000, of: 'all', release: { terms, tls } });
        assert.deepEqual(
          step.changed.map(({ id, event }) => [id, event?.event, event?.tls]),
          [
            ['a', 'released', tls],
            ['c', 'released', tls],
          ],
        );
        assert.equal(step.bound, 1);
        const again = await harness.reopen();
        const claims = await again.claim(claimAt(6000));
        assert.deepEqual(
          claims.map(({ message: { id, release } }) => [id, release]),
          [
            ['b', null],
            ['a', terms],
            ['c', terms],
          ],
        );
      }),
    );

    it(
      'that goes to one destination under a lower level takes nothing from the other recipients of the message',
      withStore(async (harness) => {
        const { store } = harness;
        await store.accept(message('a', { recipients: to('a@one.test', 'b@two.test', 'c@one.test') }));
        await holdAll(store);
        const of = { destination: 'one.test' };
        await store.nudge({ what: 'release', now: 6000, of, release: { terms, tls } });
        const later = { ...terms, level: 'encrypt', setAt: 6500 } as const;
        const again = await harness.reopen();
        const releases = async (destination: string): Promise<unknown> =>
          (await again.heldMail({ destination, most: 9 })).map(({ address, release }) => [address, release]);
        assert.deepEqual(await releases('two.test'), [['b@two.test', null]]);
        await again.nudge({ what: 'retry', now: 6000, of: { id: 'a' } });
        const claims = await again.claim(claimAt(6000));
        assert.deepEqual(
          claims.map(({ destination, message: { release } }) => [destination, release]),
          [
            ['one.test', terms],
            ['two.test', null],
          ],
        );
        await again.giveBack(claims.map(({ fence }) => ({ fence, moved: [] })));
        const two = { domain: 'two.test', destination: 'two.test' };
        await again.nudge({ what: 'release', now: 6500, of: two, release: { terms: later, tls } });
        const both = await again.claim(claimAt(6500));
        assert.deepEqual(
          both.map(({ destination, message: { release } }) => [destination, release?.level]),
          [
            ['one.test', 'may'],
            ['two.test', 'encrypt'],
          ],
        );
      }),
    );

    it(
      'is told to its sender once: a claim knows when',
      withStore(async (harness) => {
        const { store } = harness;
        await store.accept(message('a'));
        const [claim] = await store.claim(claimAt(2000));
        assert.ok(claim !== undefined);
        assert.equal(claim.message.heldNoticeAt, null);
        await store.settle({
          settlements: settlementsOf(claim, HELD),
          messages: [],
          warned: [],
          heldNotices: [{ id: 'a', at: 2500 }],
        });
        const [after] = await (await harness.reopen()).claim(claimAt(5000));
        assert.equal(after?.message.heldNoticeAt, 2500);
        assert.equal(after.message.warnedAt, null, 'that it is late is another word');
      }),
    );
  });
}

const HELD = { kind: 'held', by: 'tls', attempts: 1, notBefore: 5000 } as const;

/** Attempts everything that is due, in vain. */
async function holdAll(store: QueueStore): Promise<void> {
  const claims = await store.claim(claimAt(2000, { recipientsPerClaim: 10_000 }));
  assert.ok(summary(claims).length > 0);
  const settlements = claims.flatMap((claim) =>
    settlementsOf(claim, HELD, { blockedBecause: 'starttls-not-supported' }),
  );
  await store.settle({ settlements, messages: [], warned: [] });
}
