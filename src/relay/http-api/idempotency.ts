/** A request that is sent twice under the same key is carried out once, also where both come at the same moment. */
import type { QueueStore, Receipt } from '../../store/queue-store.ts';
import { type Refused, refused } from './answers.ts';

export type Taken = { readonly kind: 'taken'; readonly id: string } | Refused;

/**
 * Carries `work` out where no request with this receipt was carried out before, nor is being carried out; else its answer
 * is that of the other one. `work` has to keep the receipt in the commit that keeps the message.
 */
export type Once = (receipt: Receipt, work: (receipt: Receipt) => Promise<Taken>) => Promise<Taken>;

/** @param now milliseconds since 1970. */
export function onceEach(store: Pick<QueueStore, 'receipt'>, now: () => number): Once {
  const underWay = new Map<string, { readonly digest: string; readonly answer: Promise<Taken> }>();

  async function lookFirst(receipt: Receipt, work: (receipt: Receipt) => Promise<Taken>): Promise<Taken> {
    const kept = await store.receipt({ account: receipt.account, key: receipt.key, now: now() });
    if (kept === undefined) return await work(receipt);
    return kept.digest === receipt.digest ? { kind: 'taken', id: kept.id } : OTHER;
  }

  return async (receipt, work) => {
    const { account, key, digest } = receipt;
    const name = JSON.stringify([account, key]);
    const first = underWay.get(name);
    if (first !== undefined) return first.digest === digest ? await first.answer : OTHER;
    // Nothing is waited for between the look and this: the second of two requests finds the first.
    const answer = lookFirst(receipt, work).finally(() => underWay.delete(name));
    underWay.set(name, { digest, answer });
    return await answer;
  };
}

const OTHER = refused(422, 'Idempotency-Key: another request came with this key', {
  field: 'Idempotency-Key',
});

export type KeyRead = { readonly kind: 'ok'; readonly key: string | null } | Refused;

/** @param header null: there is no such field. */
export function readIdempotencyKey(header: string | undefined): KeyRead {
  if (header === undefined) return { kind: 'ok', key: null };
  return /^[\x21-\x7e]{1,255}$/.test(header)
    ? { kind: 'ok', key: header }
    : refused(400, 'Idempotency-Key: is 1 to 255 characters of ASCII without spaces', {
        field: 'Idempotency-Key',
        limit: 255,
      });
}
