/** A worker as a process: what the primary tells it, its signals, and how it ends. Started by the primary only. */
import type { Socket } from 'node:net';
import { StoreError } from '../../store/store-error.ts';
import { collectLate } from '../collecting.ts';
import { watchDescriptors } from '../descriptors.ts';
import { openOwnLog } from '../own-log.ts';
import { troubleLog } from '../trouble-log.ts';
import { messageOf } from '../usage.ts';
import type { Begin, FromWorker, ToWorker } from './messages.ts';
import { openWires } from './wires.ts';
import { startWork, type Work } from './work.ts';

function serve(): void {
  collectLate();
  const wires = openWires(say);
  let working: Promise<Work | undefined> | undefined;
  let ending = false;
  /** How long the end may take. */
  let mostMs = 0;

  function say(message: FromWorker): void {
    // Without the primary nobody listens; what is under way is finished all the same.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  }

  async function begin(message: Begin): Promise<Work | undefined> {
    const { log, end } = openOwnLog({ worker: message.number });
    watchDescriptors((level, what) => log[level](what));
    const trouble = troubleLog(log, (ms, ring) => void setTimeout(ring, ms).unref());
    const onError = (what: string, error: unknown): void => {
      trouble(what, error);
      if (ending || !(error instanceof StoreError) || error.code !== 'stopped') return;
      log.fatal('the queue has lost its writer; the worker is started again');
      process.exit(1);
    };
    try {
      const work = await startWork(message, { wires, log, onError, say });
      log.info('ready');
      say({ kind: 'ready' });
      return {
        ...work,
        async close() {
          await work.close();
          await end();
        },
      };
    } catch (error) {
      say({ kind: 'failed', because: messageOf(error) });
      await end();
      process.exitCode = 1;
      process.disconnect?.();
      return undefined;
    }
  }

  async function stop(): Promise<void> {
    if (ending) return;
    ending = true;
    // Alone it would hold the lock of its queue, and nobody would kill it.
    setTimeout(() => process.exit(1), mostMs).unref();
    const work = await working;
    await work?.close();
    // A connection to a host that does not answer would keep the process.
    process.exit();
  }

  process.on('message', (message: ToWorker, socket?: Socket) => {
    switch (message.kind) {
      case 'begin':
        ({ mostMs } = message);
        working ??= begin(message);
        return;
      case 'reload':
        void working?.then((work) => work?.reload(message));
        return;
      case 'look':
        void working?.then((work) => work?.look());
        return;
      case 'stop':
        void stop();
        return;
      case 'door':
      case 'connection':
      case 'taken':
      case 'word':
        wires.hear(message, socket);
    }
  });
  process.on('disconnect', () => {
    wires.cut();
    void stop();
  });
  // A terminal and a service manager tell all processes of a group; what they mean is for the primary to say.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('SIGTERM', () => say({ kind: 'leaving' }));
}

if (process.send === undefined) throw new Error('worker.ts is started by primary.ts, as a process');
serve();
