import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openQueueFolder } from '../../../src/store/data-folder.ts';
import { receiptsHoldUntil } from '../../../src/store/last-receipt.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { message } from '../../store/samples.ts';

const DAY = 24 * 60 * 60 * 1000;

it('receipts of a queue hold for 24 hours after the last one, whatever became of their messages', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-receipts-'));
  t.after(() => rmSync(path, { recursive: true }));
  assert.equal(receiptsHoldUntil({ path, queue: 2 }), undefined);
  const folder = openQueueFolder(path, 2);
  const store = await openQueue(folder);
  t.after(async () => {
    await store.close();
    folder.close();
  });
  assert.equal(receiptsHoldUntil(folder), undefined);
  for (const at of [5, 7, 6])
    await store.accept(
      message(`m${at}`, { receivedAt: at, receipt: { account: 'shop', key: `${at}`, digest: 'aa' } }),
    );
  assert.equal(receiptsHoldUntil(folder), 7 + DAY);
});
