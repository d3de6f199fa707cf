import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { queueStoreConforms } from '../../store/conformance.ts';
import { message } from '../../store/samples.ts';

const acceptLoop = fileURLToPath(import.meta.resolve('../../store/accept-loop/run.ts'));

function newPath(): string {
  return mkdtempSync(join(tmpdir(), 'waxwing-store-'));
}

queueStoreConforms('the queue over SQLite, with its writer thread', async () => {
  const path = newPath();
  const folder = openDataFolder(path);
  let store = await openQueue(folder);
  return {
    store,
    incoming: folder.incoming,
    async reopen() {
      await store.close();
      store = await openQueue(folder);
      return store;
    },
    async destroy() {
      await store.close();
      folder.close();
      rmSync(path, { recursive: true });
    },
  };
});

describe('openQueue', () => {
  it('flushes a thousand messages that come at once in a few commits', async () => {
    const path = newPath();
    const folder = openDataFolder(path);
    const store = await openQueue(folder);
    const log = join(path, 'queue.db-wal');
    const before = commitsIn(log);
    await Promise.all(Array.from({ length: 1000 }, (_, index) => store.accept(message(`m${index}`))));
    assert.equal(commitsIn(log) - before, 2, '1000 calls, at most 512 in a commit');
    await store.close();
    folder.close();
    rmSync(path, { recursive: true });
  });

  it('says why it does not open what a newer waxwing has written', async () => {
    const path = newPath();
    const folder = openDataFolder(path);
    const database = new DatabaseSync(join(path, 'queue.db'));
    database.exec('PRAGMA user_version = 1000');
    database.close();
    await assert.rejects(openQueue(folder), {
      code: 'refused',
      message: /has schema 1000, this waxwing knows/,
    });
    folder.close();
    rmSync(path, { recursive: true });
  });

  it('has every message that it answered for, whenever it is killed', async () => {
    const path = newPath();
    const reported: string[] = [];
    // By what it has said, not by the clock: a busy machine commits less in the same time.
    for (const [round, lines] of [20, 60, 1, 110, 45].entries()) {
      reported.push(...(await killedAfter(lines, path, `r${round}`)));
    }
    const folder = openDataFolder(path);
    const store = await openQueue(folder);
    assert.ok(reported.length > 100, `only ${reported.length} messages were reported`);
    for (const id of reported) {
      const body = await store.body(id);
      assert.ok(body, `${id} was answered for and is gone`);
      assert.equal(
        body.kind === 'file' ? readFileSync(body.path, 'utf8') : Buffer.from(body.bytes).toString(),
        id,
      );
    }
    await store.close();
    folder.close();
    rmSync(path, { recursive: true });
  });
});

/** Runs a process that accepts, kills it once it has reported so many messages, and gives all that it had reported. */
async function killedAfter(lines: number, path: string, prefix: string): Promise<string[]> {
  const child = spawn(process.execPath, [acceptLoop, path, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  assert.equal(child.signalCode, 'SIGKILL');
  // The last line may be cut.
  return said.split('\n').slice(0, -1);
}

/**
 * Counts the commits in a write-ahead log: a frame that ends one carries the size of the database, others zero.
 * The file format is documented by SQLite: 32 bytes of header, then frames of 24 bytes and a page.
 */
function commitsIn(path: string): number {
  const log = readFileSync(path);
  if (log.length === 0) return 0;
  const frameBytes = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frameBytes <= log.length; at += frameBytes) {
    if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
