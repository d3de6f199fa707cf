/** Requests that are sent twice. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WithStore } from '../conformance.ts';
import { message } from '../samples.ts';

const HOUR = 60 * 60 * 1000;
const receipt = { account: 'shop', key: 'order-1', digest: 'aa' };

export function receiptConforms(withStore: WithStore): void {
  describe('receipt', () => {
    it(
      'is kept with its message, over a restart, for 24 hours',
      withStore(async (harness) => {
        await harness.store.accept(message('first', { receivedAt: 0, receipt }));
        const store = await harness.reopen();
        const asked = { account: 'shop', key: 'order-1' };
        assert.deepEqual(await store.receipt({ ...asked, now: 24 * HOUR }), { digest: 'aa', id: 'first' });
        assert.equal(await store.receipt({ ...asked, now: 24 * HOUR + 1 }), undefined);
      }),
    );

    it(
      'belongs to one account and one key',
      withStore(async ({ store }) => {
        await store.accept(message('first', { receipt }));
        assert.equal(await store.receipt({ account: 'other', key: 'order-1', now: 1000 }), undefined);
        assert.equal(await store.receipt({ account: 'shop', key: 'order-2', now: 1000 }), undefined);
        await store.accept(message('second', { receipt: { ...receipt, account: 'other' } }));
        assert.equal((await store.receipt({ ...receipt, account: 'other', now: 1000 }))?.id, 'second');
      }),
    );

    it(
      'is given once: a second message with it is refused, and nothing of that is kept',
      withStore(async ({ store }) => {
        const both = await Promise.allSettled([
          store.accept(message('first', { receipt })),
          store.accept(message('second', { receipt: { ...receipt, digest: 'bb' } })),
        ]);
        assert.deepEqual(
          both.map(({ status }) => status),
          ['fulfilled', 'rejected'],
        );
        assert.deepEqual(await store.receipt({ ...receipt, now: 1000 }), { digest: 'aa', id: 'first' });
        assert.deepEqual(
          (await store.list({ which: 'all', most: 9 })).map(({ id }) => id),
          ['first'],
        );
      }),
    );

    it(
      'can be given again once its time is over',
      withStore(async ({ store }) => {
        await store.accept(message('first', { receivedAt: 0, receipt }));
        await store.accept(
          message('second', { receivedAt: 25 * HOUR, receipt: { ...receipt, digest: 'bb' } }),
        );
        assert.deepEqual(await store.receipt({ ...receipt, now: 25 * HOUR }), { digest: 'bb', id: 'second' });
      }),
    );
  });
}
