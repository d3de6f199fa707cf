/**
 * How many targets of a window wait for the same thing, and those that had to be put aside, as too many did.
 *
 * Each is put aside once at most, until all that was too long is short: whoever came back only to step aside again would have
 * asked the DNS and his policy host each time, and two lines that wait for each other would never end.
 *
 * Without it a list with thousands of domains of one slow provider would come to a window that is full of them, and the rest of
 * the list would go on no faster than that provider.
 */
import { type Queue, queueOf } from '../../scanner/queue.ts';

/** What a target has of the window. */
export interface Place {
  /** @returns the lines that are too long, and then nothing was joined; none where it may wait in all of them. */
  readonly join: (lines: readonly string[]) => readonly string[];
  readonly leave: () => void;
}

export interface Crowd<Item> {
  /** Of something new. */
  readonly place: () => Place;
  /** @param lines those that were too long, at least one. */
  readonly putAside: (item: Item, lines: readonly string[]) => void;
  /** The next of those put aside whose lines are short, with the place that it has in all of them; undefined where there is none. */
  readonly takeBack: () => { readonly item: Item; readonly place: Place } | undefined;
  /** How many are put aside. */
  readonly aside: () => number;
}

interface Aside<Item> {
  readonly item: Item;
  readonly lines: readonly string[];
}

/** So many are looked at for one that may come back; with the others it goes on at the next question. */
const MOST_LOOKS = 64;

/** @param most of one line that wait at the same time; those that come back wait beyond it in further lines. */
export function crowdOf<Item>(most: number): Crowd<Item> {
  const waiting = new Map<string, number>();
  /** Each stands in one of its lines, as a rule one that is too long. */
  const shelf = new Map<string, Queue<Aside<Item>>>();
  /** Lines with something on the shelf that were short enough. */
  const open = new Set<string>();
  let aside = 0;

  const isLong = (line: string): boolean => (waiting.get(line) ?? 0) >= most;

  function enter(line: string): void {
    waiting.set(line, (waiting.get(line) ?? 0) + 1);
  }

  function leave(line: string): void {
    const left = (waiting.get(line) ?? 0) - 1;
    if (left > 0) waiting.set(line, left);
    else waiting.delete(line);
    if (shelf.has(line)) open.add(line);
  }

  /** @param own the lines that are joined already. @param isBack whether it has been put aside before. */
  function placeIn(own: Set<string>, isBack: boolean): Place {
    return {
      join(lines) {
        const further = lines.filter((line) => !own.has(line));
        const long = isBack ? [] : further.filter(isLong);
        if (long.length > 0) return long;
        for (const line of further) {
          own.add(line);
          enter(line);
        }
        return [];
      },
      leave() {
        for (const line of own) leave(line);
        own.clear();
      },
    };
  }

  function putOnShelf(line: string, one: Aside<Item>): void {
    const queue = shelf.get(line) ?? queueOf<Aside<Item>>();
    shelf.set(line, queue);
    queue.put(one);
  }

  /** The one that waits there for longest. */
  function takeFromShelf(line: string): Aside<Item> | undefined {
    const queue = shelf.get(line);
    const one = queue?.take();
    if (queue?.size() === 0) shelf.delete(line);
    return one;
  }

  function takeBack(): Aside<Item> | undefined {
    let looks = 0;
    for (const line of open) {
      while (!isLong(line)) {
        const one = takeFromShelf(line);
        if (one === undefined) break;
        const long = one.lines.find(isLong);
        if (long === undefined) return one;
        // It comes up again when that line is short.
        putOnShelf(long, one);
        looks += 1;
        if (looks === MOST_LOOKS) return undefined;
      }
      open.delete(line);
    }
    return undefined;
  }

  return {
    place: () => placeIn(new Set(), false),
    putAside(item, lines) {
      const line = lines.find(isLong) ?? lines[0];
      if (line === undefined) throw new Error('a target was put aside that waits for nothing');
      putOnShelf(line, { item, lines });
      aside += 1;
      if (!isLong(line)) open.add(line);
    },
    takeBack() {
      const one = takeBack();
      if (one === undefined) return undefined;
      aside -= 1;
      const own = new Set(one.lines);
      for (const line of own) enter(line);
      return { item: one.item, place: placeIn(own, true) };
    },
    aside: () => aside,
  };
}
