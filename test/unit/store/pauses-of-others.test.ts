import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { lockDataFolder, openQueueFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { pausesOfOthers } from '../../../src/store/pauses-of-others.ts';

it('a new queue finds what is paused in the others, each destination once, while they are worked on', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-pauses-'));
  t.after(() => rmSync(path, { recursive: true }));
  const lock = lockDataFolder(path);
  t.after(() => lock.close());
  assert.deepEqual(pausesOfOthers({ path, queue: 1 }), []);
  const queues = [1, 2].map((queue) => openQueueFolder(lock.path, queue));
  for (const folder of queues) {
    const store = await openQueue(folder);
    t.after(async () => {
      await store.close();
      folder.close();
    });
    await store.pause({ destination: `own-${folder.queue}.test`, until: 7 });
    await store.pause({ destination: 'both.test', until: null });
  }
  assert.deepEqual(pausesOfOthers({ path, queue: 3 }), [
    { destination: 'both.test', until: null },
    { destination: 'own-1.test', until: 7 },
    { destination: 'own-2.test', until: 7 },
  ]);
  assert.deepEqual(
    pausesOfOthers({ path, queue: 2 }).map(({ destination }) => destination),
    ['both.test', 'own-1.test'],
  );
});
