/**
 * Does work of one kind several times in a row.
 *
 * A judgement touches more code and data than the caches of a processor hold beside those of a handshake. One after the other they
 * take a third of the time that each of them takes between two handshakes; of a list a tenth of all time is saved.
 */

/** Does it soon. @returns what it comes to; rejects with what it throws. */
export type InARow = <Result>(work: () => Result) => Promise<Result>;

/** So many are done in a row. */
const MOST = 16;
/** The first of them waits so long for the others: less than a visit takes by far. */
const WAIT_MS = 50;

export function inARow(): InARow {
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  function run(): void {
    clearTimeout(timer);
    timer = undefined;
    const row = waiting;
    waiting = [];
    for (const work of row) work();
  }

  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      if (waiting.length >= MOST) run();
      else timer ??= setTimeout(run, WAIT_MS);
    });
}
