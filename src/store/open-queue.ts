/** Opens the queue of a data folder. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { batchedStore } from './batch.ts';
import type { DataFolder } from './data-folder.ts';
import type { QueueStore } from './queue-store.ts';
import { linkWriter } from './writer-link.ts';
import type { WriterStart } from './writer-messages.ts';

/**
 * Opens, and where it is missing creates, the queue whose lock this process holds.
 *
 * What an earlier process was attempting waits again; files that no message names are removed, so the intake starts
 * to write into `folder.incoming` only after this. Close the queue before the folder.
 *
 * @throws StoreError when the database cannot be opened, is damaged, or a newer Waxwing has written it.
 */
export async function openQueue(folder: DataFolder): Promise<QueueStore> {
  const { path, queue, incoming, bodies } = folder;
  const start: WriterStart = { folder: { path, queue, incoming, bodies } };
  // From source the writer is writer.ts, from the published build writer.js.
  const writer = new URL(`./writer${extname(import.meta.filename)}`, import.meta.url);
  return batchedStore(await linkWriter(new Worker(writer, { workerData: start })));
}
