/** The writer thread: owns the database, so that no flush holds up the event loop of the relay. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Answer } from './calls.ts';
import { openDatabase, type SqliteQueue, sqliteQueue } from './sqlite-queue.ts';
import { asStoreError } from './store-error.ts';
import type { FromWriter, ToWriter, WriterStart } from './writer-messages.ts';

function serve(port: MessagePort, { folder, now }: WriterStart): void {
  const say = (message: FromWriter, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let queue: SqliteQueue;
  try {
    queue = sqliteQueue(openDatabase(folder), folder, now);
  } catch (error) {
    const { code, message } = asStoreError(error);
    say({ kind: 'refused', code, message });
    return;
  }
  port.on('message', (message: ToWriter) => {
    if (message.kind === 'close') {
      queue.close();
      port.close();
    } else {
      const answers = queue.commit(message.calls);
      say({ kind: 'answers', answers }, answers.flatMap(contentOf));
    }
  });
  say({ kind: 'ready' });
}

/** Content just read belongs to nobody here: its memory moves to the other thread instead of being copied. */
function contentOf(answer: Answer): ArrayBuffer[] {
  if (answer.kind !== 'done' || typeof answer.value !== 'object' || !('kind' in answer.value)) return [];
  const body = answer.value;
  return body.kind === 'bytes' && body.bytes.buffer instanceof ArrayBuffer ? [body.bytes.buffer] : [];
}

if (parentPort === null) throw new Error('writer.ts is started by open-queue.ts, as a worker thread');
const start: WriterStart = workerData;
serve(parentPort, start);
