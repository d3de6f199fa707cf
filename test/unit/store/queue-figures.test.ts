import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { openFigures } from '../../../src/store/queue-figures.ts';

async function folderWithQueue(t: TestContext): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-figures-'));
  const folder = openDataFolder(path);
  const store = await openQueue(folder);
  t.after(async () => {
    await store.close();
    folder.close();
    rmSync(path, { recursive: true });
  });
  return path;
}

/** A message as its row says it. @param final whether all its recipients have ended. */
function addMessage(database: DatabaseSync, number: number, receivedAt: number, final: boolean): void {
  database
    .prepare(
      `INSERT INTO messages (number, id, received_at, sender, size, eight_bit, longest_line, hops, needs_utf8, arrival,
         kept_in, final_at) VALUES (?, ?, ?, '', 1, 0, 1, 0, 0, '[]', 'row', ?)`,
    )
    .run(number, receivedAt.toString(36), receivedAt, final ? receivedAt : null);
}

function addRecipient(database: DatabaseSync, message: number, state: string, cause: string | null): void {
  database
    .prepare(
      `INSERT INTO recipients (message, destination, number, address, state, attempts, at, blocked_because)
       VALUES (?, 'far.test', ?, 'b@far.test', ?, 1, 0, ?)`,
    )
    .run(message, Math.floor(Math.random() * 1e9), state, cause);
}

describe('figures of the queue', () => {
  it('are all zero where nothing waits', async (t) => {
    const reader = openFigures({ path: await folderWithQueue(t), queue: 1 });
    t.after(() => reader.close());
    assert.deepEqual(reader.read(0), {
      openMessages: 0,
      oldestSince: null,
      heldByCause: [],
      pausedDestinations: 0,
    });
  });

  it('are open messages, the oldest of them, what is held by cause, and pauses in force', async (t) => {
    const path = await folderWithQueue(t);
    const reader = openFigures({ path, queue: 1 });
    const database = new DatabaseSync(join(path, 'queue.db'));
    t.after(() => {
      reader.close();
      database.close();
    });
    const at = Date.parse('2026-11-28T12:00:00Z');
    addMessage(database, 1, at - 9_000, true);
    addMessage(database, 2, at - 5_000, false);
    addMessage(database, 3, at - 7_000, false);
    for (const cause of ['certificate-expired', 'certificate-expired', null])
      addRecipient(database, 2, 'held-tls', cause);
    addRecipient(database, 3, 'held', 'certificate-expired');
    addRecipient(database, 3, 'waiting', null);
    const pause = database.prepare('INSERT INTO pauses VALUES (?, ?)');
    pause.run('a.test', null);
    pause.run('b.test', at + 1);
    pause.run('c.test', at);
    assert.deepEqual(reader.read(at), {
      openMessages: 2,
      oldestSince: at - 7_000,
      heldByCause: [
        { cause: 'unknown', recipients: 1 },
        { cause: 'certificate-expired', recipients: 2 },
      ],
      pausedDestinations: 2,
    });
  });

  it('are refused where there is no queue', (t) => {
    const path = mkdtempSync(join(tmpdir(), 'waxwing-figures-'));
    t.after(() => rmSync(path, { recursive: true }));
    assert.throws(() => openFigures({ path, queue: 1 }), { message: `there is no queue in ${path}` });
  });
});
