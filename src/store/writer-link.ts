/** The owner's end of the writer thread. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Committer } from './calls.ts';
import { packCalls, unpackAnswers } from './packing.ts';
import { StoreError } from './store-error.ts';
import type { FromWriter, ToWriter } from './writer-messages.ts';

/**
 * Waits until the writer has opened the database.
 *
 * @returns a committer for one batch at a time, and one backup beside it; once the writer is gone, every call on it
 * fails.
 * @throws StoreError when the database cannot be opened.
 */
export async function linkWriter(worker: Worker): Promise<Committer> {
  let failure: StoreError | undefined;
  /** Who waits for which kind of message. */
  const expected = new Map<'backedUp' | 'other', PromiseWithResolvers<FromWriter>>();

  function fail(cause: unknown): void {
    const because = cause instanceof Error ? cause.message : String(cause);
    failure ??= new StoreError('stopped', `the writer of the queue has stopped: ${because}`, { cause });
    for (const { reject } of expected.values()) reject(failure);
  }
  worker.on('error', fail);
  worker.on('messageerror', fail);
  worker.on('exit', (code) => fail(new Error(`its thread ended with code ${code}`)));
  worker.on('message', (message: FromWriter) =>
    expected.get(message.kind === 'backedUp' ? 'backedUp' : 'other')?.resolve(message),
  );

  async function answer(kind: 'backedUp' | 'other'): Promise<FromWriter> {
    if (failure !== undefined) throw failure;
    const waiting = Promise.withResolvers<FromWriter>();
    expected.set(kind, waiting);
    try {
      return await waiting.promise;
    } finally {
      expected.delete(kind);
    }
  }

  function say(message: ToWriter, moved: ArrayBuffer[] = []): void {
    worker.postMessage(message, moved);
  }

  const opened = await answer('other');
  if (opened.kind === 'refused') throw new StoreError(opened.code, opened.message);

  return {
    async commit(calls) {
      const packed = packCalls(calls);
      say({ kind: 'commit', calls: packed }, [packed.contents]);
      const reply = await answer('other');
      return reply.kind === 'answers' ? unpackAnswers(reply.answers) : [];
    },
    async backup(path) {
      if (expected.has('backedUp')) throw new StoreError('refused', 'another backup is being made');
      say({ kind: 'backup', path });
      const reply = await answer('backedUp');
      if (reply.kind !== 'backedUp') throw new StoreError('failed', 'the queue gave no answer');
      if ('code' in reply.outcome) throw new StoreError(reply.outcome.code, reply.outcome.message);
      return reply.outcome;
    },
    async close() {
      if (failure !== undefined) return;
      const ended = once(worker, 'exit');
      say({ kind: 'close' });
      await ended;
    },
  };
}
