import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  awaitQueueFolder,
  DataFolderError,
  lockDataFolder,
  openDataFolder,
  openQueueFolder,
} from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { numbered, pathsOf, queuesIn, removeQueue } from '../../../src/store/queue-files.ts';

describe('the queues of a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'waxwing-queues-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are named by their number, and the first as if it were the only one', () => {
    assert.deepEqual(
      [numbered('queue.db', 1), numbered('queue.db', 2), numbered('bodies', 1), numbered('bodies', 12)],
      ['queue.db', 'queue-2.db', 'bodies', 'bodies-12'],
    );
    assert.equal(pathsOf('/d', 3).incoming, '/d/incoming-3');
  });

  it('are found by their files alone, and by no other name', () => {
    const others = [
      'queue-1.db',
      'queue-02.db',
      'queue-0.db',
      'queue-2.db-wal',
      'queue-3.db.restored',
      'data.db',
    ];
    for (const name of ['queue-10.db', 'queue.db', 'queue-2.db', ...others])
      writeFileSync(join(folder, name), '');
    assert.deepEqual(queuesIn(folder), [1, 2, 10]);
    assert.deepEqual(queuesIn(join(folder, 'nowhere')), []);
  });

  it('have files and folders of their own, which are removed and nothing else', async () => {
    const first = openDataFolder(folder);
    const second = openQueueFolder(first.path, 2);
    for (const held of [first, second]) await (await openQueue(held)).close();
    writeFileSync(join(second.bodies, 'a'), 'content');
    assert.deepEqual(queuesIn(folder), [1, 2]);
    second.close();
    removeQueue(first.path, 2);
    first.close();
    assert.deepEqual(readdirSync(folder).toSorted(), [
      'bodies',
      'incoming',
      'lock-1.db',
      'lock-2.db',
      'lock.db',
      'queue.db',
    ]);
  });

  it('are locked one by one, apart from the folder', () => {
    const lock = lockDataFolder(folder);
    const second = openQueueFolder(lock.path, 2);
    assert.throws(() => openQueueFolder(lock.path, 2), {
      code: 'in-use',
      message: `another process of waxwing still works on queue 2 of the data folder ${folder}`,
    });
    openQueueFolder(lock.path, 3).close();
    lock.close();
    lockDataFolder(folder).close();
    assert.throws(() => openQueueFolder(folder, 2), DataFolderError);
    second.close();
    openQueueFolder(folder, 2).close();
  });

  it('of which the first is worked on still are in use, also by a folder that nobody serves', () => {
    const worker = openQueueFolder(folder, 1);
    assert.throws(() => openDataFolder(folder), { code: 'in-use', message: /works on queue 1/ });
    worker.close();
    openDataFolder(folder).close();
    assert.ok(existsSync(join(folder, 'lock.db')));
  });

  it('are waited for while somebody works on them, and not for ever', async () => {
    const worker = openQueueFolder(folder, 2);
    let waits = 0;
    const onWait = (): void => {
      waits += 1;
    };
    await assert.rejects(awaitQueueFolder(folder, 2, { waitMs: 150, onWait }), { code: 'in-use' });
    assert.equal(waits, 1);
    setTimeout(() => worker.close(), 150);
    (await awaitQueueFolder(folder, 2, { waitMs: 10_000, onWait })).close();
    assert.equal(waits, 2);
  });

  it('that cannot be made say why', () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'bodies-2'), '');
    assert.throws(() => openQueueFolder(join(folder, 'sub'), 2), { code: 'unusable', message: /EEXIST/ });
  });
});
