/** A cache with a bound to its entries and to their octets; what was not used for longest makes room. */

export interface Cache<Value> {
  /** @returns undefined also for what is no longer good. */
  get(key: string, now: number): Value | undefined;
  /** @param octets about how much memory it takes. @param until when it ends being good, as `now` counts. */
  set(key: string, value: Value, octets: number, until: number): void;
  clear(): void;
}

export interface CacheBounds {
  readonly entries: number;
  readonly octets: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly octets: number;
  readonly until: number;
}

/** What an entry takes beside its key and its octets. */
const ENTRY_OCTETS = 100;

/** What share is left when room is made. */
const KEEP = 0.9;

export function boundedCache<Value>(bounds: CacheBounds): Cache<Value> {
  // In the order of the last use: a map keeps the order in which keys were put in.
  const entries = new Map<string, Entry<Value>>();
  let octets = 0;
  const drop = (key: string, entry: Entry<Value>): void => {
    entries.delete(key);
    octets -= entry.octets;
  };
  /** Many at once: the way to the oldest entry of a map leads past all that were deleted before it. */
  const makeRoom = (): void => {
    for (const [key, entry] of entries) {
      if (entries.size <= KEEP * bounds.entries && octets <= KEEP * bounds.octets) return;
      drop(key, entry);
    }
  };
  return {
    get(key, now) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.until <= now) {
        drop(key, entry);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, own, until) {
      const before = entries.get(key);
      if (before !== undefined) drop(key, before);
      const entry = { value, octets: own + 2 * key.length + ENTRY_OCTETS, until };
      if (entry.octets > bounds.octets) return;
      entries.set(key, entry);
      octets += entry.octets;
      if (entries.size > bounds.entries || octets > bounds.octets) makeRoom();
    },
    clear() {
      entries.clear();
      octets = 0;
    },
  };
}
