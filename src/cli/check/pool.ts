/** Works on several things at the same time, without waiting for the next one where a result is there. */

/** `input`: results in the order of their items. `done`: each as soon as it is there. */
export type Order = 'input' | 'done';

type Event<Item, Result> =
  | { readonly kind: 'item'; readonly step: IteratorResult<Item, unknown> }
  | { readonly kind: 'done'; readonly job: Promise<Event<Item, Result>>; readonly result: Result };

/**
 * Results of `work`, which is done on at most `most` items at a time; in the order of the items nothing is begun that far
 * ahead of the one that is waited for.
 */
export async function* pooled<Item, Result>(
  items: AsyncIterable<Item>,
  most: number,
  order: Order,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  type Job = Promise<Event<Item, Result>>;
  const source = items[Symbol.asyncIterator]();
  const pull = async (): Job => ({ kind: 'item', step: await source.next() });
  const running: Job[] = [];
  let next: Job | undefined = pull();
  try {
    while (next !== undefined || running.length > 0) {
      const results: readonly Job[] = order === 'input' ? running.slice(0, 1) : running;
      const event: Event<Item, Result> = await Promise.race(
        next !== undefined && running.length < most ? [...results, next] : results,
      );
      if (event.kind === 'done') {
        void running.splice(running.indexOf(event.job), 1);
        yield event.result;
      } else if (event.step.done === true) next = undefined;
      else {
        const { value } = event.step;
        const job: Job = work(value).then((result) => ({ kind: 'done', job, result }));
        running.push(job);
        next = pull();
      }
    }
  } finally {
    // Where nobody wants the rest, the source need not wait for somebody to take it.
    void source.return?.();
  }
}
