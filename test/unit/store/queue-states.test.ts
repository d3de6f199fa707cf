import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { openStates } from '../../../src/store/queue-states.ts';

interface Row {
  readonly state: string;
  readonly attempts?: number;
}

/** A queue with these messages, each with its recipients; message N came at N × 1000 ms. */
async function queueWith(t: TestContext, messages: readonly (readonly Row[])[]): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-states-'));
  const folder = openDataFolder(path);
  const store = await openQueue(folder);
  t.after(async () => {
    await store.close();
    folder.close();
    rmSync(path, { recursive: true });
  });
  const database = new DatabaseSync(join(path, 'queue.db'));
  const message = database.prepare(
    `INSERT INTO messages (number, id, received_at, sender, size, eight_bit, longest_line, hops, needs_utf8, arrival,
       kept_in, final_at) VALUES (?, ?, ?, '', 1, 0, 1, 0, 0, '[]', 'row', ?)`,
  );
  const recipient = database.prepare(
    `INSERT INTO recipients (message, destination, number, address, state, attempts, at)
     VALUES (?, 'far.test', ?, 'b@far.test', ?, ?, 0)`,
  );
  database.exec('BEGIN');
  for (const [index, rows] of messages.entries()) {
    const number = index + 1;
    const final = rows.every(({ state }) => state === 'delivered');
    message.run(number, `m${String(number).padStart(6, '0')}`, number * 1000, final ? 1 : null);
    for (const [at, { state, attempts = 0 }] of rows.entries())
      recipient.run(number, at + 1, state, attempts);
  }
  database.exec('COMMIT');
  database.close();
  return path;
}

describe('recipients by state', () => {
  it('are those that are not final, and since when the oldest message of each state is there', async (t) => {
    const path = await queueWith(t, [
      [{ state: 'delivered', attempts: 1 }],
      [
        { state: 'waiting', attempts: 2 },
        { state: 'delivered', attempts: 1 },
        { state: 'held-tls', attempts: 1 },
      ],
      [{ state: 'waiting' }, { state: 'waiting' }],
      [{ state: 'waiting', attempts: 1 }, { state: 'held' }],
    ]);
    const reader = openStates({ path, queue: 1 });
    t.after(() => reader.close());
    assert.deepEqual(await reader.read(), {
      waiting: { recipients: 2, oldestSince: 3000 },
      deferred: { recipients: 2, oldestSince: 2000 },
      'held-tls': { recipients: 1, oldestSince: 2000 },
      held: { recipients: 1, oldestSince: 4000 },
    });
  });

  it('are all counted, once each, however many slices it takes, and others have their turn between', async (t) => {
    const path = await queueWith(
      t,
      Array.from({ length: 3_001 }, (_, index) => [{ state: 'waiting', attempts: index % 2 }]),
    );
    const reader = openStates({ path, queue: 1 });
    t.after(() => reader.close());
    let turns = 0;
    let counting = true;
    const others = (async () => {
      while (counting) {
        turns += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const { waiting, deferred } = await reader.read();
    counting = false;
    await others;
    assert.deepEqual([waiting.recipients, deferred.recipients], [1_501, 1_500]);
    assert.ok(turns > 2, `${turns} turns`);
  });

  it('are none where nothing waits; without a queue there is nothing to read', async (t) => {
    const path = await queueWith(t, []);
    const reader = openStates({ path, queue: 1 });
    t.after(() => reader.close());
    const { waiting, held } = await reader.read();
    assert.deepEqual(
      [waiting, held],
      [
        { recipients: 0, oldestSince: null },
        { recipients: 0, oldestSince: null },
      ],
    );
    assert.throws(() => openStates({ path: tmpdir(), queue: 1 }), {
      message: `there is no queue in ${tmpdir()}`,
    });
  });
});
