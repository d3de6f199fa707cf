/** The owner's end of the writer thread. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Call, Committer } from './calls.ts';
import type { NewMessage } from './queue-store.ts';
import { StoreError } from './store-error.ts';
import type { FromWriter, ToWriter } from './writer-messages.ts';

/**
 * Waits until the writer has opened the database.
 *
 * @returns a committer for one batch at a time; once the writer is gone, every call on it fails.
 * @throws StoreError when the database cannot be opened.
 */
export async function linkWriter(worker: Worker): Promise<Committer> {
  let failure: StoreError | undefined;
  let expected: PromiseWithResolvers<FromWriter> | undefined;

  function fail(cause: unknown): void {
    const because = cause instanceof Error ? cause.message : String(cause);
    failure ??= new StoreError('stopped', `the writer of the queue has stopped: ${because}`, { cause });
    expected?.reject(failure);
  }
  worker.on('error', fail);
  worker.on('messageerror', fail);
  worker.on('exit', (code) => fail(new Error(`its thread ended with code ${code}`)));
  worker.on('message', (message: FromWriter) => expected?.resolve(message));

  async function answer(): Promise<FromWriter> {
    if (failure !== undefined) throw failure;
    expected = Promise.withResolvers();
    return await expected.promise;
  }

  const opened = await answer();
  if (opened.kind === 'refused') throw new StoreError(opened.code, opened.message);

  return {
    async commit(calls) {
      const { message, moved } = commitMessage(calls);
      worker.postMessage(message, moved);
      const reply = await answer();
      return reply.kind === 'answers' ? reply.answers : [];
    },
    async close() {
      if (failure !== undefined) return;
      const ended = once(worker, 'exit');
      const message: ToWriter = { kind: 'close' };
      worker.postMessage(message, []);
      await ended;
    },
  };
}

/**
 * The calls with content that is copied once and then moves to the writer.
 *
 * Cloning a slice would clone all the memory that it was cut from; moving the caller's own memory would take the
 * content from one who is about to deliver it.
 */
function commitMessage(calls: readonly Call[]): { message: ToWriter; moved: ArrayBuffer[] } {
  const moved: ArrayBuffer[] = [];
  function withCopy(message: NewMessage): NewMessage {
    if (message.body.kind === 'file') return message;
    const bytes = new Uint8Array(message.body.bytes);
    moved.push(bytes.buffer);
    return { ...message, body: { kind: 'bytes', bytes } };
  }
  function ready(call: Call): Call {
    if (call.name === 'accept') return { ...call, argument: withCopy(call.argument) };
    if (call.name !== 'settle') return call;
    return { ...call, argument: { ...call.argument, messages: call.argument.messages.map(withCopy) } };
  }
  return { message: { kind: 'commit', calls: calls.map(ready) }, moved };
}
