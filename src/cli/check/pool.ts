/** Works on several things at the same time, without waiting for the next one where a result is there. */
import { crowdOf, type Place } from './crowd.ts';

/** `input`: results in the order of their items. `done`: each as soon as it is there. */
type Order = 'input' | 'done';

export type Worked<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** Too many wait for the same: it comes again, once, when those lines are shorter. Only where results come as they are done. */
  | { readonly kind: 'crowded'; readonly lines: readonly string[] }
  /** The end of all came first. */
  | { readonly kind: 'dropped' };

export interface PoolTerms<Result> {
  /** How many are worked on at a time, with those whose result nobody has taken yet. */
  readonly most: number;
  readonly order: Order;
  /** From then on nothing is begun, and what was put aside is dropped. */
  readonly stop?: AbortSignal;
  /** Of results that nobody has taken yet: while they have so many octets nothing is begun. How large one is strangers decide. */
  readonly waiting?: { readonly mostOctets: number; readonly octetsOf: (result: Result) => number };
}

/** Of a window so many may wait for the same thing, and never fewer than four. */
const PARTS_OF_A_LINE = 64;
const LEAST_IN_LINE = 4;
/** Beyond this nothing new is taken from the list: each takes some hundred octets. */
const MOST_ASIDE = 200_000;

/**
 * Results of `work`, which is done on at most `most` items at a time; in the order of the items nothing is begun that far
 * ahead of the one that is waited for. Nothing is begun either while nobody asks for a result.
 */
export async function* pooled<Item, Result>(
  items: AsyncIterable<Item>,
  terms: PoolTerms<Result>,
  work: (item: Item, join: Place['join']) => Promise<Worked<Result>>,
): AsyncGenerator<Result> {
  const { most, order, stop, waiting } = terms;
  const source = items[Symbol.asyncIterator]();
  const crowd = crowdOf<Item>(Math.max(LEAST_IN_LINE, Math.ceil(most / PARTS_OF_A_LINE)));
  const ready = order === 'input' ? inOrder<Result>() : asDone<Result>();
  let running = 0;
  let takenBack = 0;
  let octets = 0;
  let pulled: { readonly item: Item } | undefined;
  let sourceIs: 'idle' | 'asked' | 'ended' = 'idle';
  let failed: { readonly error: unknown } | undefined;
  let wake = (): void => undefined;

  const octetsOf = (result: Result): number => waiting?.octetsOf(result) ?? 0;
  const hasRoom = (): boolean => waiting === undefined || octets < waiting.mostOctets;
  const fail = (error: unknown): void => {
    failed ??= { error };
    wake();
  };

  function begin(item: Item, place: Place, isBack: boolean): void {
    running += 1;
    if (isBack) takenBack += 1;
    const give = ready.reserve();
    work(item, order === 'done' ? place.join : nobodyElse).then((worked) => {
      running -= 1;
      if (isBack) takenBack -= 1;
      if (worked.kind === 'crowded' && stop?.aborted !== true) crowd.putAside(item, worked.lines);
      if (worked.kind === 'done') octets += octetsOf(worked.result);
      give(worked.kind === 'done' ? [worked.result] : []);
      place.leave();
      wake();
    }, fail);
  }

  function pull(): void {
    sourceIs = 'asked';
    source.next().then((step) => {
      sourceIs = step.done === true ? 'ended' : 'idle';
      if (step.done !== true) pulled = { item: step.value };
      wake();
    }, fail);
  }

  function fill(): void {
    while (running + ready.size() < most && hasRoom()) {
      // Half of the window is for what is new: of that, too, something may be quick.
      const back = takenBack < most / 2 ? crowd.takeBack() : undefined;
      if (back !== undefined) begin(back.item, back.place, true);
      else if (pulled !== undefined && crowd.aside() < MOST_ASIDE) {
        begin(pulled.item, crowd.place(), false);
        pulled = undefined;
      } else break;
    }
    if (pulled === undefined && sourceIs === 'idle') pull();
  }

  const isOver = (): boolean =>
    running === 0 &&
    (stop?.aborted === true || (sourceIs === 'ended' && pulled === undefined && crowd.aside() === 0));
  const onStop = (): void => wake();
  stop?.addEventListener('abort', onStop);
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (stop?.aborted !== true) fill();
      const results = ready.take();
      for (const result of results) {
        octets -= octetsOf(result);
        yield result;
      }
      if (failed !== undefined) throw failed.error;
      if (results.length === 0 && isOver()) return;
      if (results.length === 0) await woken;
    }
  } finally {
    stop?.removeEventListener('abort', onStop);
    // Where nobody wants the rest, the source need not wait for somebody to take it.
    void source.return?.();
  }
}

/** In the order of the items each has to wait for those before it anyway. */
const nobodyElse: Place['join'] = () => [];

/** Results on the way to whoever takes them. */
interface Ready<Result> {
  /** A place for something that is begun. @returns what is called with its result, or none. */
  readonly reserve: () => (results: readonly Result[]) => void;
  /** At most one, and only what may be taken now. */
  readonly take: () => readonly Result[];
  /** How many have been given and not been taken. */
  readonly size: () => number;
}

function asDone<Result>(): Ready<Result> {
  const given: Result[] = [];
  return {
    reserve: () => (results) => void given.push(...results),
    take: () => given.splice(0, 1),
    size: () => given.length,
  };
}

function inOrder<Result>(): Ready<Result> {
  const given = new Map<number, readonly Result[]>();
  let reserved = 0;
  let next = 0;
  return {
    reserve() {
      const mine = reserved;
      reserved += 1;
      return (results) => void given.set(mine, results);
    },
    take() {
      for (;;) {
        const results = given.get(next);
        if (results === undefined) return [];
        given.delete(next);
        next += 1;
        if (results.length > 0) return results;
      }
    },
    size: () => given.size,
  };
}
