/**
 * Natural group commit: while one batch of calls is out, the next one gathers.
 *
 * A flush of the medium costs the same for one call as for hundreds, so the busier the relay, the cheaper a call.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { type Answer, type Answered, type Call, type Committer, PURGE_STEP } from './calls.ts';
import { prepareMessage, prepareSettle } from './prepare.ts';
import type { QueueStore } from './queue-store.ts';
import { asStoreError, StoreError } from './store-error.ts';

/** Bounds the time that a call waits behind others, and how far the write-ahead log can grow in one commit. */
const MOST_CALLS = 512;

interface Pending {
  readonly call: Call;
  readonly answered: (answer: Answer) => void;
}

/** A store whose calls `committer` carries out. */
export function batchedStore(committer: Committer): QueueStore {
  const gathered: Pending[] = [];
  let sending: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  async function send(): Promise<void> {
    while (gathered.length > 0) {
      // Whoever has work in this turn of the loop joins, also those whom the batch before has just answered.
      await turnOfTheLoop();
      const batch = gathered.splice(0, MOST_CALLS);
      const answers = await answersTo(committer, batch);
      for (const [index, { answered }] of batch.entries()) answered(answers(index));
    }
    sending = undefined;
  }

  function ask<Result extends Answered>(call: Call): Promise<Result> {
    if (closing !== undefined) return Promise.reject(new StoreError('stopped', 'the queue is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    gathered.push({
      call,
      answered(answer) {
        if (answer.kind === 'done') resolve(answer.value as Result);
        else reject(new StoreError(answer.code, answer.message));
      },
    });
    sending ??= send();
    return promise;
  }

  async function closeWhenSent(): Promise<void> {
    await sending;
    await committer.close();
  }

  return {
    accept: (message) => ask({ name: 'accept', argument: prepareMessage(message) }),
    receipt: (request) => ask({ name: 'receipt', argument: request }),
    claim: (request) => ask({ name: 'claim', argument: request }),
    settle: (request) => ask({ name: 'settle', argument: prepareSettle(request) }),
    giveBack: (claims) => ask({ name: 'giveBack', argument: claims }),
    body: (id) => ask({ name: 'body', argument: id }),
    list: (request) => ask({ name: 'list', argument: request }),
    show: (id) => ask({ name: 'show', argument: id }),
    nudge: (request) => ask({ name: 'nudge', argument: request }),
    heldDestinations: (request) => ask({ name: 'heldDestinations', argument: request }),
    noteLooks: (looks) => ask({ name: 'noteLooks', argument: looks }),
    heldMail: (request) => ask({ name: 'heldMail', argument: request }),
    free: (request) => ask({ name: 'free', argument: request }),
    pause: (request) => ask({ name: 'pause', argument: request }),
    unpause: (destination) => ask({ name: 'unpause', argument: destination }),
    pauses: (now) => ask({ name: 'pauses', argument: now }),
    nextDue: (perDestination) => ask({ name: 'nextDue', argument: perDestination }),
    async purge(olderThan) {
      let forgotten = 0;
      for (;;) {
        const step = await ask<number>({ name: 'purge', argument: olderThan });
        forgotten += step;
        if (step < PURGE_STEP) return forgotten;
      }
    },
    async backup(path) {
      if (closing !== undefined) throw new StoreError('stopped', 'the queue is closed');
      return await committer.backup(path);
    },
    close: () => (closing ??= closeWhenSent()),
  };
}

async function answersTo(
  committer: Committer,
  batch: readonly Pending[],
): Promise<(index: number) => Answer> {
  try {
    const answers = await committer.commit(batch.map(({ call }) => call));
    return (index) =>
      answers[index] ?? { kind: 'failed', code: 'failed', message: 'the queue gave no answer' };
  } catch (error) {
    const { code, message } = asStoreError(error, 'queue');
    return () => ({ kind: 'failed', code, message });
  }
}
