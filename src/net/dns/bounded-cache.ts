/** A cache with a bound to its entries and to their octets; what was not used for longest makes room. */

export interface Cache<Value> {
  /** @returns undefined also for what is no longer good. */
  get(key: string, now: number): Value | undefined;
  /** @param octets about how much memory it takes. @param until when it ends being good, as `now` counts. */
  set(key: string, value: Value, octets: number, until: number): void;
  delete(key: string): void;
  clear(): void;
}

export interface CacheBounds {
  readonly entries: number;
  readonly octets: number;
}

/** An entry between the one used before it and the one used after it. */
interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly octets: number;
  readonly until: number;
  older: Entry<Value> | undefined;
  newer: Entry<Value> | undefined;
}

/** What an entry takes beside its key and its octets. */
const ENTRY_OCTETS = 150;

export function boundedCache<Value>(bounds: CacheBounds): Cache<Value> {
  const entries = new Map<string, Entry<Value>>();
  // A list in the order of the last use: to put a key of a map in again each time costs more than what was looked up.
  let oldest: Entry<Value> | undefined;
  let newest: Entry<Value> | undefined;
  let octets = 0;
  const takeOut = (entry: Entry<Value>): void => {
    const { older, newer } = entry;
    if (older === undefined) oldest = newer;
    else older.newer = newer;
    if (newer === undefined) newest = older;
    else newer.older = older;
  };
  const putLast = (entry: Entry<Value>): void => {
    entry.older = newest;
    entry.newer = undefined;
    if (newest === undefined) oldest = entry;
    else newest.newer = entry;
    newest = entry;
  };
  const drop = (entry: Entry<Value>): void => {
    entries.delete(entry.key);
    takeOut(entry);
    octets -= entry.octets;
  };
  return {
    get(key, now) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.until <= now) {
        drop(entry);
        return undefined;
      }
      if (entry !== newest) {
        takeOut(entry);
        putLast(entry);
      }
      return entry.value;
    },
    set(key, value, own, until) {
      const before = entries.get(key);
      if (before !== undefined) drop(before);
      const size = own + 2 * key.length + ENTRY_OCTETS;
      if (size > bounds.octets) return;
      const entry = { key, value, octets: size, until, older: undefined, newer: undefined };
      entries.set(key, entry);
      putLast(entry);
      octets += size;
      while (oldest !== undefined && (entries.size > bounds.entries || octets > bounds.octets)) drop(oldest);
    },
    delete(key) {
      const entry = entries.get(key);
      if (entry !== undefined) drop(entry);
    },
    clear() {
      entries.clear();
      oldest = undefined;
      newest = undefined;
      octets = 0;
    },
  };
}
