/** What is going on, for a person who waits: one line on a terminal, which nothing else has to share. */

export interface Progress {
  begin(target: string): void;
  end(target: string): void;
  /** Takes the line away, for text that is to stay. */
  clear(): void;
  close(): void;
}

const EVERY_MS = 1_000;
const ERASE = '\r\x1b[K';
const MOST_CHARACTERS = 70;

/** @param stream where it is shown, if it is a terminal. */
export function openProgress(stream: {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}): Progress {
  if (stream.isTTY !== true) return silent;
  const began = performance.now();
  const running = new Set<string>();
  let shown = false;
  let finished = 0;
  const clear = (): void => {
    if (shown) stream.write(ERASE);
    shown = false;
  };
  const timer = setInterval(() => {
    const [first] = running;
    if (first === undefined) return;
    const others = running.size > 1 ? ` and ${running.size - 1} more` : '';
    const seconds = Math.round((performance.now() - began) / 1000);
    const text = `${finished} done, checking ${first}${others}, ${seconds} s`;
    stream.write(`${ERASE}${text.slice(0, MOST_CHARACTERS)}`);
    shown = true;
  }, EVERY_MS);
  timer.unref();
  return {
    begin: (target) => void running.add(target),
    end: (target) => {
      running.delete(target);
      finished += 1;
    },
    clear,
    close() {
      clearInterval(timer);
      clear();
    },
  };
}

const nothing = (): void => undefined;
const silent: Progress = { begin: nothing, end: nothing, clear: nothing, close: nothing };
