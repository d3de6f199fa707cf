/** The thread that owns webhooks.db: no flush of it holds up mail. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './open-database.ts';
import type { OutboxTable } from './outbox.ts';
import { carryOut, type FromOutbox, type OutboxStart, type ToOutbox } from './outbox-calls.ts';
import { outboxDatabase } from './outbox-database.ts';
import { outboxTable } from './outbox-table.ts';
import { asStoreError } from './store-error.ts';

function serve(port: MessagePort, { folder }: OutboxStart): void {
  const say = (message: FromOutbox): void => port.postMessage(message);
  const fail = (error: unknown): void => {
    const { code, message } = asStoreError(error, outboxDatabase.what);
    say({ kind: 'failed', code, message });
  };
  const opened = open();
  if (opened === undefined) return;
  const { table, close } = opened;
  port.on('message', (message: ToOutbox) => {
    if (message.kind === 'close') {
      close();
      port.close();
      return;
    }
    try {
      say({ kind: 'done', value: carryOut(table, message.call) });
    } catch (error) {
      fail(error);
    }
  });
  say({ kind: 'ready' });

  function open(): { readonly table: OutboxTable; readonly close: () => void } | undefined {
    try {
      const database = openDatabase(folder, outboxDatabase);
      // What a power cut takes of the last commits is in the event log, and is made up for from there.
      database.exec('PRAGMA synchronous = NORMAL');
      return { table: outboxTable(database), close: () => database.close() };
    } catch (error) {
      fail(error);
      return undefined;
    }
  }
}

if (parentPort === null) throw new Error('outbox-writer.ts is started by open-outbox.ts, as a worker thread');
const start: OutboxStart = workerData;
serve(parentPort, start);
