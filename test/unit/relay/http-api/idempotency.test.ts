import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { refused } from '../../../../src/relay/http-api/answers.ts';
import { onceEach, readIdempotencyKey, type Taken } from '../../../../src/relay/http-api/idempotency.ts';
import type { Receipt } from '../../../../src/store/queue-store.ts';

const receipt: Receipt = { account: 'shop', key: 'k', digest: 'aa' };

function setting() {
  const kept = new Map<string, { readonly digest: string; readonly id: string }>();
  let works = 0;
  const store = {
    async receipt({ account, key }: Pick<Receipt, 'account' | 'key'>) {
      await turn();
      return kept.get(`${account} ${key}`);
    },
  };
  return {
    once: onceEach(store, () => 0),
    kept,
    works: () => works,
    work: async ({ account, key, digest }: Receipt): Promise<Taken> => {
      works += 1;
      const id = `m${works}`;
      await turn();
      kept.set(`${account} ${key}`, { digest, id });
      return { kind: 'taken', id };
    },
  };
}

describe('a request with a key', () => {
  it('is carried out once, however many come at the same moment', async () => {
    const { once, work, works } = setting();
    const all = await Promise.all(Array.from({ length: 9 }, () => once(receipt, work)));
    assert.equal(works(), 1);
    for (const taken of all) assert.deepEqual(taken, { kind: 'taken', id: 'm1' });
  });

  it('is carried out once, whatever was forgotten in between', async () => {
    const first = setting();
    await first.once(receipt, first.work);
    const again = onceEach(
      { receipt: ({ account, key }) => Promise.resolve(first.kept.get(`${account} ${key}`)) },
      () => 0,
    );
    assert.deepEqual(await again(receipt, first.work), { kind: 'taken', id: 'm1' });
    assert.equal(first.works(), 1);
  });

  it('is refused where the key is of another one, at the same moment and later', async () => {
    const { once, work } = setting();
    const other = { ...receipt, digest: 'bb' };
    const [, second] = await Promise.all([once(receipt, work), once(other, work)]);
    for (const answer of [second, await once(other, work)])
      assert.ok(answer?.kind === 'refused' && answer.status === 422);
  });

  it('may be sent again where it was refused, or failed', async () => {
    const { once, work } = setting();
    assert.equal((await once(receipt, () => Promise.resolve(refused(422, 'no')))).kind, 'refused');
    await assert.rejects(
      once(receipt, () => Promise.reject(new Error('disk'))),
      /disk/,
    );
    assert.equal((await once(receipt, work)).kind, 'taken');
  });
});

describe('Idempotency-Key', () => {
  it('is 1 to 255 characters of ASCII', () => {
    assert.deepEqual(readIdempotencyKey(undefined), { kind: 'ok', key: null });
    assert.deepEqual(readIdempotencyKey('x'.repeat(255)), { kind: 'ok', key: 'x'.repeat(255) });
    for (const wrong of ['', 'x'.repeat(256), 'a b', 'ü', 'a, b'])
      assert.equal(readIdempotencyKey(wrong).kind, 'refused', wrong);
  });
});
