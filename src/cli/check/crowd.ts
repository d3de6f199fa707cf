/**
 * How many targets of a window wait for the same thing, and those that had to be put aside, as too many did.
 *
 * Without it a list with thousands of domains of one slow provider would come to a window that is full of them, and the rest of
 * the list would go on no faster than that provider.
 */

/** What a target has of the window. */
export interface Place {
  /** @returns the line that is too long, and then nothing was joined; undefined where it may wait. */
  readonly join: (lines: readonly string[]) => string | undefined;
  readonly leave: () => void;
}

export interface Crowd<Item> {
  /** Of something new. */
  readonly place: () => Place;
  readonly putAside: (item: Item, line: string) => void;
  /** The next of those put aside that may come again, with the place that it has; undefined where none may. */
  readonly takeBack: () => { readonly item: Item; readonly place: Place } | undefined;
  /** How many are put aside. */
  readonly aside: () => number;
}

/** @param most of one line that wait at the same time. */
export function crowdOf<Item>(most: number): Crowd<Item> {
  const waiting = new Map<string, number>();
  const shelf = new Map<string, Item[]>();
  /** Lines with something on the shelf that are short enough. */
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

  /** @param own the lines that are joined already. */
  function placeIn(own: Set<string>): Place {
    return {
      join(lines) {
        const further = lines.filter((line) => !own.has(line));
        const long = further.find(isLong);
        if (long !== undefined) return long;
        for (const line of further) {
          own.add(line);
          enter(line);
        }
        return undefined;
      },
      leave() {
        for (const line of own) leave(line);
        own.clear();
      },
    };
  }

  /** The one that waits for longest. */
  function takeFrom(line: string): Item | undefined {
    const items = shelf.get(line);
    const item = items?.shift();
    if (items?.length === 0) shelf.delete(line);
    return item;
  }

  return {
    place: () => placeIn(new Set()),
    putAside(item, line) {
      const items = shelf.get(line);
      if (items === undefined) shelf.set(line, [item]);
      else items.push(item);
      aside += 1;
      if (!isLong(line)) open.add(line);
    },
    takeBack() {
      for (const line of open) {
        const item = isLong(line) ? undefined : takeFrom(line);
        if (item === undefined || !shelf.has(line)) open.delete(line);
        if (item === undefined) continue;
        aside -= 1;
        enter(line);
        return { item, place: placeIn(new Set([line])) };
      }
      return undefined;
    },
    aside: () => aside,
  };
}
