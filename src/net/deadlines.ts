/** Absolute deadlines for many connections on one coarse timer. */

/** A point in time by which something must have happened; moving it costs an assignment. */
export interface Deadline {
  /** Sets or moves the deadline to `ms` from now. */
  set(ms: number): void;
  /** Nothing is due until it is set again. */
  clear(): void;
  /** The owner is gone. */
  drop(): void;
}

export interface Deadlines {
  /** @param onMissed called once each time a set deadline passes. */
  add(onMissed: () => void): Deadline;
  close(): void;
}

interface Entry {
  at: number;
  readonly onMissed: () => void;
}

/**
 * Starts the timer.
 *
 * @param everyMs how often deadlines are looked at; one is noticed at most that much late.
 */
export function startDeadlines(everyMs: number): Deadlines {
  const entries = new Set<Entry>();
  const look = (): void => {
    const now = performance.now();
    for (const entry of entries) {
      if (entry.at > now) continue;
      entry.at = Number.POSITIVE_INFINITY;
      entry.onMissed();
    }
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    add(onMissed) {
      const entry: Entry = { at: Number.POSITIVE_INFINITY, onMissed };
      entries.add(entry);
      return {
        set: (ms) => {
          entry.at = performance.now() + ms;
        },
        clear: () => {
          entry.at = Number.POSITIVE_INFINITY;
        },
        drop: () => {
          entries.delete(entry);
        },
      };
    },
    close: () => clearInterval(timer),
  };
}
