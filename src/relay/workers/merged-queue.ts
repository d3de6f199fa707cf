/** The queues of all workers as one. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { numbered } from '../../store/queue-files.ts';
import type {
  BackedUp,
  KeptReceipt,
  ListedMessage,
  ListRequest,
  MessageTrail,
  Nudge,
  NudgeStep,
  Pause,
  QueueStore,
  ReceiptRequest,
} from '../../store/queue-store.ts';
import type { QueueCalls } from './calls.ts';
import { askAll, type Said, type WorkerEnd, WorkersMissing } from './fan-out.ts';

export type MergedQueue = QueueCalls & Pick<QueueStore, 'nextDue'>;

export interface MergedQueueParts {
  /** All that there should be, asked each time, in the order of their numbers. */
  readonly workers: () => readonly WorkerEnd[];
  /** Told where an answer lacks what these have; it may throw. What cannot be told at all without them throws anyway. */
  readonly onMissing: (missing: readonly number[]) => void;
}

/** Every call throws {@link WorkersMissing} where the truth may lie with a worker that gives no answer. */
export function mergedQueue({ workers, onMissing }: MergedQueueParts): MergedQueue {
  const note = (missing: readonly number[]): void => {
    if (missing.length > 0) onMissing(missing);
  };

  async function list(request: ListRequest): Promise<readonly ListedMessage[]> {
    const { said, missing } = await askAll(workers(), (calls) => calls.list(request));
    note(missing);
    return firstOf(said, request.most);
  }

  /** Of something that one queue has at most. */
  async function find<Found>(
    ask: (calls: WorkerEnd['calls']) => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const { said, missing } = await askAll(workers(), ask);
    const found = said.find(({ answer }) => answer !== undefined);
    if (found === undefined && missing.length > 0) throw new WorkersMissing(missing);
    return found?.answer;
  }

  async function nudge(request: Nudge): Promise<NudgeStep> {
    const { of } = request;
    if (of !== 'all' && 'id' in of) return nudgeOne(request);
    return await nudgeStep(workers(), request, note);
  }

  async function nudgeOne(request: Nudge): Promise<NudgeStep> {
    const { said, missing } = await askAll(workers(), (calls) => calls.nudge(request));
    const steps = said.map(({ answer }) => answer);
    const concerned = steps.find(({ changed, underWay, bound }) => changed.length + underWay + bound > 0);
    if (concerned === undefined && missing.length > 0) throw new WorkersMissing(missing);
    return concerned ?? { changed: [], underWay: 0, bound: 0, next: null };
  }

  /** A pause that holds in some queues only would be none: nothing is changed where one cannot hear of it. */
  async function everywhere<Answer>(
    ask: (calls: WorkerEnd['calls']) => Promise<Answer>,
  ): Promise<readonly Answer[]> {
    const all = workers();
    const first = await askAll(all, (calls) => calls.pulse());
    if (first.missing.length > 0) throw new WorkersMissing(first.missing);
    const { said, missing } = await askAll(all, ask);
    if (missing.length > 0) throw new WorkersMissing(missing);
    return said.map(({ answer }) => answer);
  }

  /** Each queue as it is at a moment of its own; the first with what is not of a queue, the others below it. */
  async function backup(path: string): Promise<BackedUp> {
    const all = workers();
    const { missing } = await askAll(all, (calls) => calls.pulse());
    if (missing.length > 0) throw new WorkersMissing(missing);
    const parts: BackedUp[] = [];
    try {
      for (const { number, calls } of all)
        parts.push(await calls.backup(number === 1 ? path : join(path, numbered('queue', number))));
    } catch (error) {
      // Where not even the first could be made, what is there is somebody else's.
      if (parts.length > 0) await rm(path, { recursive: true, force: true });
      throw error;
    }
    return parts.reduce((sum, part) => ({
      messages: sum.messages + part.messages,
      open: sum.open + part.open,
      files: sum.files + part.files,
      policies: sum.policies || part.policies,
      webhooks: sum.webhooks ?? part.webhooks,
    }));
  }

  return {
    list,
    backup,
    show: (id): Promise<MessageTrail | undefined> => find((calls) => calls.show(id)),
    receipt: (request: ReceiptRequest): Promise<KeptReceipt | undefined> =>
      find((calls) => calls.receipt(request)),
    nudge,
    async pause(pause) {
      const underWay = await everywhere((calls) => calls.pause(pause));
      return underWay.reduce((sum, one) => sum + one, 0);
    },
    async unpause(destination) {
      const wasPaused = await everywhere((calls) => calls.unpause(destination));
      return wasPaused.includes(true);
    },
    async pauses(now) {
      const { said, missing } = await askAll(workers(), (calls) => calls.pauses(now));
      note(missing);
      return unitedPauses(said.map(({ answer }) => answer));
    },
    async nextDue() {
      const { said, missing } = await askAll(workers(), (calls) => calls.pulse());
      // Mail can be taken as long as one is there.
      if (said.length === 0) throw new WorkersMissing(missing);
      return undefined;
    },
  };
}

/**
 * The first of all queues in the order of ids, which is what a single queue would list: each has given its own first ones, so
 * that none of another queue belongs before what is left out.
 */
function firstOf(said: readonly Said<readonly ListedMessage[]>[], most: number): readonly ListedMessage[] {
  return said
    .flatMap(({ answer }) => answer)
    .toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .slice(0, most);
}

/** Ids have no colon: `2:ID` goes on behind it in the queue of worker 2, `2:` at its beginning. */
async function nudgeStep(
  workers: readonly WorkerEnd[],
  { after, ...request }: Nudge,
  note: (missing: readonly number[]) => void,
): Promise<NudgeStep> {
  const [from, behind] = readCursor(after);
  // A worker that is not there any more has left its queue empty: its successor is next.
  const at = workers.findIndex(({ number }) => number >= from);
  const worker = workers[at];
  if (worker === undefined) return { changed: [], underWay: 0, bound: 0, next: null };
  const follower = workers[at + 1];
  const nextQueue = follower === undefined ? null : `${follower.number}:`;
  const asked = worker.number === from && behind !== '' ? { ...request, after: behind } : request;
  const { said, missing } = await askAll([worker], (calls) => calls.nudge(asked));
  note(missing);
  const step = said[0]?.answer ?? { changed: [], underWay: 0, bound: 0, next: null };
  return { ...step, next: step.next === null ? nextQueue : `${worker.number}:${step.next}` };
}

function readCursor(after: string | undefined): [number, string] {
  const [number = '', id = ''] = (after ?? '').split(':', 2);
  return /^[0-9]{1,6}$/.test(number) ? [Number(number), id] : [0, ''];
}

/** Each destination once, under the pause that ends last. */
function unitedPauses(lists: readonly (readonly Pause[])[]): readonly Pause[] {
  const united = new Map<string, Pause>();
  for (const pause of lists.flat()) {
    const known = united.get(pause.destination);
    if (known === undefined || endOf(pause) > endOf(known)) united.set(pause.destination, pause);
  }
  return [...united.values()].toSorted((a, b) => (a.destination < b.destination ? -1 : 1));
}

function endOf({ until }: Pause): number {
  return until ?? Number.POSITIVE_INFINITY;
}
