/** One question to several workers. */
import { StoreError } from '../../store/store-error.ts';
import type { WorkerCalls } from './calls.ts';

/** Of an answer that lacks something: numbers of workers, with commas between them. */
export const INCOMPLETE_HEADER = 'waxwing-incomplete';

/** A worker as the primary sees it, whether or not it runs at the moment. */
export interface WorkerEnd {
  /** From 1; the number of its queue. */
  readonly number: number;
  /** Whether it takes mail; one that does not empties a queue that is not used any more. */
  readonly takes: boolean;
  readonly calls: WorkerCalls;
}

/** What a worker said. */
export interface Said<Answer> {
  readonly number: number;
  readonly answer: Answer;
}

export interface Heard<Answer> {
  /** In the order of the workers. */
  readonly said: readonly Said<Answer>[];
  /** Numbers of those that gave no answer: what is in their queues is not known. */
  readonly missing: readonly number[];
}

/**
 * Asks all of them at once.
 *
 * @throws StoreError that a queue answered with: that is its word, and no worker is missing.
 */
export async function askAll<Answer>(
  workers: readonly WorkerEnd[],
  ask: (calls: WorkerCalls) => Promise<Answer>,
): Promise<Heard<Answer>> {
  const answers = await Promise.allSettled(workers.map(({ calls }) => ask(calls)));
  const said: Said<Answer>[] = [];
  const missing: number[] = [];
  for (const [index, { number }] of workers.entries()) {
    const settled = answers[index];
    if (settled?.status === 'fulfilled') said.push({ number, answer: settled.value });
    else if (settled?.reason instanceof StoreError && settled.reason.code !== 'stopped') throw settled.reason;
    else missing.push(number);
  }
  return { said, missing };
}

/** What was asked cannot be told, or done, without workers that give no answer. */
export class WorkersMissing extends Error {
  override readonly name = 'WorkersMissing';
  readonly numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    super(
      `${missingText(numbers)}, so this cannot be answered, or done, for sure: try again in a few seconds`,
    );
    this.numbers = numbers;
  }
}

/** Says of workers that give no answer what is missing. @param missing at least one. */
export function missingText(missing: readonly number[]): string {
  const [only, ...more] = missing;
  return more.length === 0
    ? `worker ${only} gives no answer: what is in its queue is missing`
    : `the workers ${missing.join(', ')} give no answer: what is in their queues is missing`;
}
