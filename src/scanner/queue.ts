/** A queue: what came first is taken first, in time that does not grow with what waits. */

export interface Queue<Item> {
  readonly put: (item: Item) => void;
  /** @returns undefined where nothing waits. */
  readonly take: () => Item | undefined;
  readonly size: () => number;
}

/** Taken so many are left out for good: a list whose first is taken out moves all others, and there may be tens of thousands. */
const LEFT_OUT = 1_024;

export function queueOf<Item>(): Queue<Item> {
  let items: (Item | undefined)[] = [];
  let first = 0;
  return {
    put: (item) => void items.push(item),
    take() {
      const item = items[first];
      if (first < items.length) {
        items[first] = undefined;
        first += 1;
      }
      if (first === items.length || (first >= LEFT_OUT && first > items.length / 2)) {
        items = items.slice(first);
        first = 0;
      }
      return item;
    },
    size: () => items.length - first,
  };
}
