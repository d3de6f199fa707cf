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

/** How the timer is told of what is due. */
interface Agenda {
  readonly due: Set<Entry>;
  wake(): void;
}

/** One object for each deadline: there may be tens of thousands in a second. */
class Entry implements Deadline {
  at = 0;
  onMissed: () => void;
  readonly #agenda: Agenda;
  #dropped = false;

  constructor(agenda: Agenda, onMissed: () => void) {
    this.#agenda = agenda;
    this.onMissed = onMissed;
  }

  set(ms: number): void {
    if (this.#dropped) return;
    this.at = performance.now() + ms;
    this.#agenda.due.add(this);
    this.#agenda.wake();
  }

  clear(): void {
    this.#agenda.due.delete(this);
  }

  drop(): void {
    this.#dropped = true;
    this.#agenda.due.delete(this);
    this.onMissed = nothing;
  }
}

/**
 * What a dropped deadline holds: not its owner. A set that entries come to and leave all the time is written to one table
 * after the other; V8 keeps each of them alive by the one before, with what stood in it, until its next full collection.
 */
function nothing(): void {}

/**
 * Starts the timer, which runs as long as anything is due.
 *
 * @param everyMs how often deadlines are looked at; one is noticed at most that much late.
 * @param hold whether Node goes on for the sake of a deadline when it has nothing else to do.
 */
export function startDeadlines(everyMs: number, hold: 'hold' | 'leave' = 'leave'): Deadlines {
  const due = new Set<Entry>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const look = (): void => {
    // Not as soon as nothing is due: whoever asks one question after the other would start it for each.
    if (due.size === 0) stop();
    const now = performance.now();
    for (const entry of due) {
      if (entry.at > now) continue;
      due.delete(entry);
      entry.onMissed();
    }
  };
  const agenda: Agenda = {
    due,
    wake() {
      if (timer !== undefined || closed) return;
      timer = setInterval(look, everyMs);
      if (hold === 'leave') timer.unref();
    },
  };
  return {
    add: (onMissed) => new Entry(agenda, onMissed),
    close() {
      closed = true;
      stop();
    },
  };
}
