/** The writer thread: owns the database, so that no flush holds up the event loop of the relay. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './open-database.ts';
import { packAnswers, unpackCalls } from './packing.ts';
import { queueDatabaseOf } from './queue-files.ts';
import { type SqliteQueue, sqliteQueue } from './sqlite-queue.ts';
import { asStoreError } from './store-error.ts';
import type { FromWriter, ToWriter, WriterStart } from './writer-messages.ts';

function serve(port: MessagePort, { folder }: WriterStart): void {
  const say = (message: FromWriter, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let queue: SqliteQueue;
  try {
    queue = sqliteQueue(openDatabase(folder, queueDatabaseOf(folder)), folder);
  } catch (error) {
    const { code, message } = asStoreError(error, 'queue');
    say({ kind: 'refused', code, message });
    return;
  }
  port.on('message', (message: ToWriter) => {
    switch (message.kind) {
      case 'commit': {
        const answers = packAnswers(queue.commit(unpackCalls(message.calls)));
        say({ kind: 'answers', answers }, [answers.contents]);
        return;
      }
      case 'backup':
        queue.backup(message.path).then(
          (outcome) => say({ kind: 'backedUp', outcome }),
          (error: unknown) => {
            const { code, message: because } = asStoreError(error, 'queue');
            say({ kind: 'backedUp', outcome: { code, message: because } });
          },
        );
        return;
      case 'close':
        queue.close();
        port.close();
    }
  });
  say({ kind: 'ready' });
}

if (parentPort === null) throw new Error('writer.ts is started by open-queue.ts, as a worker thread');
const start: WriterStart = workerData;
serve(parentPort, start);
