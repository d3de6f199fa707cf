/** Deadlines for tests that do not wait. */
import type { Deadline, Deadlines } from '../../src/net/deadlines.ts';

/** Deadlines by a clock that only the test moves. */
export function manualDeadlines(): Deadlines & { later(ms: number): void } {
  let now = 0;
  const due = new Map<Deadline, { readonly at: number; readonly onMissed: () => void }>();
  return {
    add(onMissed) {
      const deadline: Deadline = {
        set: (ms) => void due.set(deadline, { at: now + ms, onMissed }),
        clear: () => void due.delete(deadline),
        drop: () => void due.delete(deadline),
      };
      return deadline;
    },
    close: () => due.clear(),
    later(ms) {
      now += ms;
      for (const [deadline, { at, onMissed }] of due) {
        if (at > now) continue;
        due.delete(deadline);
        onMissed();
      }
    },
  };
}
