/** Work of which only so much may run at once, and only so much may wait. */

export interface WaitingLine {
  /** Runs it in its turn. @returns undefined where the line is full: nothing was run and nothing will be. */
  run<Result>(work: () => Promise<Result>): Promise<Result> | undefined;
}

export function waitingLine(atOnce: number, mostWaiting: number): WaitingLine {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place goes to the next one directly: somebody who comes in between cannot take it.
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    run: (work) => (running >= atOnce && waiting.length >= mostWaiting ? undefined : inTurn(work)),
  };
}
