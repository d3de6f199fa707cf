/**
 * What is going on, for a person who waits: one line on a terminal, which nothing else has to share; elsewhere of a list a line
 * every minute.
 */
import { formatCount, formatDuration, formatRate, formatVerdicts } from './summary.ts';
import type { Totals } from './totals.ts';

export interface Progress {
  begin(target: string): void;
  end(target: string): void;
  /** From now on it is a list, of which so much is done. */
  count(course: Counted): void;
  /** Takes the line away, for text that is to stay. */
  clear(): void;
  close(): void;
}

/** What is told of a list. */
interface Counted {
  /** In this run. */
  readonly finished: number;
  /** Of the whole list; undefined where nobody knows how long it is. */
  readonly of: number | undefined;
  readonly totals: Pick<Totals, 'tested' | 'wrong' | 'verdicts'>;
}

const EVERY_MS = 1_000;
const LINE_EVERY_MS = 60_000;
const ERASE = '\r\x1b[K';
const COLUMNS = 80;
const MOST_CHARACTERS = 70;
/** The rate is that of so many seconds. */
const RATE_SECONDS = 30;

/** @param stream where it is shown. */
export function openProgress(
  stream: {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly write: (text: string) => unknown;
  },
  clock: () => number = () => performance.now(),
): Progress {
  if (stream.isTTY !== true) return byLines(stream, clock);
  const began = clock();
  const running = new Set<string>();
  const rate = rateOf();
  let shown = false;
  let finished = 0;
  let counted: Counted | undefined;
  const clear = (): void => {
    if (shown) stream.write(ERASE);
    shown = false;
  };
  const ofFew = (): string | undefined => {
    const [first] = running;
    if (first === undefined) return undefined;
    const others = running.size > 1 ? ` and ${running.size - 1} more` : '';
    const seconds = Math.round((clock() - began) / 1000);
    return `${finished} done, checking ${first}${others}, ${seconds} s`.slice(0, MOST_CHARACTERS);
  };
  const timer = setInterval(() => {
    const text =
      counted === undefined
        ? ofFew()
        : ofMany(counted, rate(counted.finished, clock())).slice(0, (stream.columns ?? COLUMNS) - 1);
    if (text === undefined) return;
    stream.write(`${ERASE}${text}`);
    shown = true;
  }, EVERY_MS);
  timer.unref();
  return {
    begin: (target) => void running.add(target),
    end: (target) => {
      running.delete(target);
      finished += 1;
    },
    count(course) {
      counted = course;
    },
    clear,
    close() {
      clearInterval(timer);
      clear();
    },
  };
}

function ofMany({ of, totals }: Counted, perSecond: number): string {
  const done = totals.tested + totals.wrong;
  const share =
    of === undefined ? '' : ` of ${formatCount(of)} (${Math.floor((100 * done) / Math.max(of, 1))} %)`;
  const left =
    of === undefined || perSecond === 0 ? '' : `, ${formatDuration((1_000 * (of - done)) / perSecond)} left`;
  const verdicts = formatVerdicts(totals);
  return `${formatCount(done)}${share}, ${formatRate(perSecond)}/s${left}${verdicts === '' ? '' : `; ${verdicts}`}`;
}

/** By what was finished when, each second: of the last half minute, so that a slow beginning does not count for hours. */
function rateOf(): (finished: number, now: number) => number {
  const marks: { readonly finished: number; readonly at: number }[] = [];
  return (finished, now) => {
    marks.push({ finished, at: now });
    if (marks.length > RATE_SECONDS) marks.shift();
    const [first] = marks;
    if (first === undefined || now <= first.at) return 0;
    return (1_000 * (finished - first.finished)) / (now - first.at);
  };
}

/** Where it is kept, or read much later: lines that stay. */
function byLines(stream: { readonly write: (text: string) => unknown }, clock: () => number): Progress {
  const rate = rateOf();
  let counted: Counted | undefined;
  const timer = setInterval(() => {
    if (counted === undefined) return;
    stream.write(`note: ${ofMany(counted, rate(counted.finished, clock()))}\n`);
  }, LINE_EVERY_MS);
  timer.unref();
  return {
    begin: nothing,
    end: nothing,
    count(course) {
      counted = course;
    },
    clear: nothing,
    close: () => clearInterval(timer),
  };
}

const nothing = (): void => undefined;
