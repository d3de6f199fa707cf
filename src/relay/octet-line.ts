/** Work that holds much in memory: only so many octets of it at once, each piece in its turn, for as long as it waits. */

export interface OctetLine {
  /**
   * Runs it in its turn; one that is bigger than all that there may be runs alone.
   *
   * @returns undefined where its turn did not come in time: nothing was run and nothing will be.
   */
  run<Result>(octets: number, work: () => Promise<Result>): Promise<Result | undefined>;
}

/** Octets of content that are re-encoded at once; each takes up to five in memory until it has gone. */
const MOST_CONVERTED = 32 * 1024 * 1024;
/** Less than any server or client waits for the other; milliseconds. */
const PATIENCE_MS = 30_000;

// Two, and not of one relay but of the process, whose memory it is: mail that goes out may come in here again.
export const conversionsIn = octetLine(MOST_CONVERTED, PATIENCE_MS);
export const conversionsOut = octetLine(MOST_CONVERTED, PATIENCE_MS);

interface Waiting {
  readonly octets: number;
  readonly go: () => void;
}

export function octetLine(most: number, patienceMs: number): OctetLine {
  let held = 0;
  /** In the order of their arrival. */
  const waiting = new Set<Waiting>();
  const fits = (octets: number): boolean => held === 0 || held + octets <= most;

  function admit(): void {
    for (const one of waiting) {
      // Nobody overtakes: a big one would never have its turn.
      if (!fits(one.octets)) return;
      waiting.delete(one);
      held += one.octets;
      one.go();
    }
  }

  function turn(octets: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(own);
        resolve(false);
        admit();
      }, patienceMs);
      timer.unref();
      const own: Waiting = {
        octets,
        go() {
          clearTimeout(timer);
          resolve(true);
        },
      };
      waiting.add(own);
      admit();
    });
  }

  return {
    async run(octets, work) {
      if (!(await turn(octets))) return undefined;
      try {
        return await work();
      } finally {
        held -= octets;
        admit();
      }
    },
  };
}
