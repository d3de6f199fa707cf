/** The table `receipts`: which message a request made that may be sent twice. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../queue/delivery.ts';
import type { KeptReceipt, Receipt, ReceiptRequest } from './queue-store.ts';
import { command, queryOne } from './statement.ts';
import { StoreError } from './store-error.ts';

/** For so long a receipt is kept at least. */
export const RECEIPT_MS = 24 * 60 * 60 * 1000;
/** Each new one takes away so many whose time is over, so that they cannot gather. */
const FORGOTTEN_EACH_TIME = 4;

export interface Receipts {
  /** @throws StoreError with code `refused` where there is one already whose time is not over. */
  add(receipt: Receipt, id: string, at: EpochMs): void;
  get(request: ReceiptRequest): KeptReceipt | undefined;
}

export function receiptsTable(database: DatabaseSync): Receipts {
  const forget = command<[EpochMs, number]>(
    database,
    `DELETE FROM receipts WHERE (account, key) IN
     (SELECT account, key FROM receipts WHERE at < ? ORDER BY at LIMIT ?)`,
  );
  // One whose time is over may still lie there.
  const insert = command<[string, string, string, string, EpochMs, EpochMs]>(
    database,
    `INSERT INTO receipts (account, key, digest, id, at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (account, key) DO UPDATE SET digest = excluded.digest, id = excluded.id, at = excluded.at
     WHERE receipts.at < ?`,
  );
  const get = queryOne<[string, string, EpochMs], KeptReceipt>(
    database,
    'SELECT digest, id FROM receipts WHERE account = ? AND key = ? AND at >= ?',
  );
  return {
    add({ account, key, digest }, id, at) {
      const over = at - RECEIPT_MS;
      forget(over, FORGOTTEN_EACH_TIME);
      if (insert(account, key, digest, id, at, over).changes === 0)
        throw new StoreError('refused', `a request of ${account} with this key was taken already`);
    },
    get: ({ account, key, now }) => get(account, key, now - RECEIPT_MS),
  };
}
