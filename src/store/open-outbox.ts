/** Opens the outbox of the webhooks. */
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FolderPaths } from './data-folder.ts';
import type { Outbox } from './outbox.ts';
import type { FromOutbox, OutboxCall, OutboxStart, ToOutbox } from './outbox-calls.ts';
import { StoreError } from './store-error.ts';

/**
 * Opens it in a folder that this process holds, in a thread of its own.
 *
 * @throws StoreError when the database cannot be opened, is damaged, or a newer Waxwing has written it.
 */
export async function openOutbox({ path }: Pick<FolderPaths, 'path'>): Promise<Outbox> {
  const start: OutboxStart = { folder: { path } };
  // From source it is outbox-writer.ts, from the published build outbox-writer.js.
  const file = new URL(`./outbox-writer${extname(import.meta.filename)}`, import.meta.url);
  const worker = new Worker(file, { workerData: start });
  /** Calls are answered in their order. */
  const waiting: PromiseWithResolvers<unknown>[] = [];
  let failure: StoreError | undefined;

  const fail = (cause: unknown): void => {
    const because = cause instanceof Error ? cause.message : String(cause);
    failure ??= new StoreError('stopped', `the outbox of the webhooks has stopped: ${because}`, { cause });
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on('error', fail);
  worker.on('messageerror', fail);
  worker.on('exit', (code) => fail(new Error(`its thread ended with code ${code}`)));
  worker.on('message', (message: FromOutbox) => {
    const asked = waiting.shift();
    if (message.kind === 'failed') asked?.reject(new StoreError(message.code, message.message));
    else asked?.resolve(message.kind === 'done' ? message.value : undefined);
  });
  const expect = (): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.push(answer);
    return answer.promise;
  };
  const say = (message: ToOutbox): void => worker.postMessage(message, []);
  const ask = async <Result>(call: OutboxCall): Promise<Result> => {
    if (failure !== undefined) throw failure;
    const answer = expect();
    say({ kind: 'call', call });
    return (await answer) as Result;
  };

  await expect();
  return {
    add: (...given) => ask({ name: 'add', given }),
    head: (...given) => ask({ name: 'head', given }),
    done: (...given) => ask({ name: 'done', given }),
    defer: (...given) => ask({ name: 'defer', given }),
    bury: (...given) => ask({ name: 'bury', given }),
    revive: (...given) => ask({ name: 'revive', given }),
    end: (...given) => ask({ name: 'end', given }),
    resume: (...given) => ask({ name: 'resume', given }),
    kept: (...given) => ask({ name: 'kept', given }),
    dead: (...given) => ask({ name: 'dead', given }),
    forget: (...given) => ask({ name: 'forget', given }),
    left: (...given) => ask({ name: 'left', given }),
    begin: (...given) => ask({ name: 'begin', given }),
    complete: (...given) => ask({ name: 'complete', given }),
    async close() {
      if (failure !== undefined) return;
      const ended = once(worker, 'exit');
      say({ kind: 'close' });
      await ended;
    },
  };
}
