/** Visits all targets of a run, however many there are, in memory that does not grow with them. */
import type { Target } from '../../findings/case.ts';
import type { Recording } from '../../findings/recording.ts';
import type { Parsed } from '../../names/domain.ts';
import type { Tester } from '../../scanner/tester.ts';
import type { LoadRequest } from '../config/load.ts';
import type { CheckRequest } from './check.ts';
import type { Place } from './crowd.ts';
import { codesOf, NAGIOS_UNKNOWN } from './exit-code.ts';
import { faultOf } from './fault.ts';
import { kindOf } from './formats/kinds.ts';
import { nagiosFailure } from './formats/nagios-text.ts';
import { type InARow, inARow } from './in-a-row.ts';
import { inputOf, type Survey, surveyOf } from './input.ts';
import { watchSignals } from './interrupt.ts';
import { type Judgement, judge } from './judgement.ts';
import { type Crew, openCrew } from './lanes/crew.ts';
import type { OpenedCheck } from './open.ts';
import { type PoolTerms, pooled, type Worked } from './pool.ts';
import { isList, openPrinting } from './printing.ts';
import type { Progress } from './progress.ts';
import { countRepeats, type Repeats } from './repeats.ts';
import { endOf, type Result, refuse, reportAll, type Tell } from './report-all.ts';
import { type Resumed, resume } from './resume.ts';
import { formatCount, summaryOf } from './summary.ts';
import { formatTarget, usualSpelling } from './target.ts';
import { type Listed, STDIN, targetsFrom } from './targets.ts';

export interface VisitParts {
  readonly opened: OpenedCheck;
  readonly progress: Progress;
  readonly tell: Tell;
  /** Hears how many results are written, and of how many, where that is known. */
  readonly onWritten: (results: number, of?: number) => void;
}

/** Targets that are worked on at the same time, for each door that may be visited then: most of the time is waiting. */
const PER_DOOR = { few: 2, many: 16 };
const MOST_TARGETS = 8_192;
/** Octets of results that nobody has taken: a thousand of domains with one mail host, or some dozens of those that are as large as can be. */
const MOST_WAITING = 128 << 20;

/** @returns the exit code. */
export async function visitAll(request: CheckRequest, load: LoadRequest, parts: VisitParts): Promise<number> {
  const { input, format, resume: file, runTerms } = request;
  const surveyed: Parsed<Survey | undefined> =
    input === undefined || input === STDIN ? { kind: 'ok', value: undefined } : await surveyOf(input);
  if (surveyed.kind === 'invalid') return refuse(format, parts.tell, [surveyed.because]);
  const survey = surveyed.value;
  if (!isList(request)) return await visitFew(request, load, parts);
  if (file === undefined) return await visitMany(request, load, parts, survey, undefined);
  if (survey === undefined) {
    const because = `--resume needs a list that can be read again, and ${input} is no file`;
    return refuse(format, parts.tell, [because]);
  }
  const output = { fd: process.stdout.fd, write: toStdout };
  const resumed = resume({ file, survey, terms: runTerms, output });
  try {
    return await visitMany(request, load, parts, survey, resumed);
  } finally {
    resumed.close();
  }
}

function toStdout(octets: Uint8Array): Promise<void> {
  return new Promise((resolve) => process.stdout.write(octets, () => resolve()));
}

async function visitFew(request: CheckRequest, load: LoadRequest, parts: VisitParts): Promise<number> {
  const { progress, tell, onWritten } = parts;
  // A list waits for what is under way; of a few targets only a plugin has something to say at once.
  const release = codesOf(request.format) === 'nagios' ? endingAsPlugin() : (): void => undefined;
  try {
    const reported = await reportAll(results(request, parts, undefined), openPrinting(request, load), {
      tell,
      onResult: () => progress.clear(),
      onWritten: ({ tested }) => onWritten(tested),
      signal: () => undefined,
    });
    return endOf(reported, tell);
  } finally {
    release();
  }
}

/** Whoever runs plugins ends those that take too long, and shows what stands on stdout. */
function endingAsPlugin(): () => void {
  const { release } = watchSignals(() => {
    process.stdout.write(nagiosFailure('the run was interrupted'), () => process.exit(NAGIOS_UNKNOWN));
  });
  return release;
}

async function visitMany(
  request: CheckRequest,
  load: LoadRequest,
  parts: VisitParts,
  survey: Survey | undefined,
  resumed: Resumed | undefined,
): Promise<number> {
  const { opened, progress, tell, onWritten } = parts;
  const printing = openPrinting(request, load, resumed);
  const before = printing.totals.tested;
  const began = performance.now();
  if (resumed?.isBack === true) {
    const where = resumed.isElsewhere ? ', and their results stay in the file that they are in' : '';
    tell('note', `going on: ${formatCount(before)} targets are done${where}`);
  }
  const halt = new AbortController();
  const signals = watchSignals(() => {
    tell('note', 'what is under way is finished; the same signal again ends it at once');
    opened.stop();
    halt.abort();
  });
  const repeats = countRepeats();
  const onNotice = (text: string): void => tell('warning', text);
  const crew = openCrew(request, load, { opened, write: printing.write, onNotice });
  const many: Many = { stop: halt.signal, repeats, survey, isDone: resumed?.isDone ?? nothingIsDone, crew };
  try {
    const reported = await reportAll(results(request, parts, many), printing, {
      tell,
      onResult(totals) {
        progress.clear();
        progress.count({ finished: totals.tested - before, of: survey?.targets, totals });
      },
      onWritten: ({ tested }) => onWritten(tested, survey?.targets),
      signal: signals.signal,
    });
    progress.clear();
    const { totals, signal } = reported;
    const finished = totals.tested - before;
    const course = { totals, finished, ms: performance.now() - began, repeated: repeats.count() };
    for (const line of summaryOf(course)) tell('note', line);
    if (signal === undefined) return endOf(reported, tell);
    tell('note', resumed === undefined ? WITHOUT_RESUME : WITH_RESUME);
    // Somebody may go on writing to it, or never end it: nobody reads it any more.
    if (isStdinRead(request)) process.stdin.destroy();
    return reported.exitCode;
  } finally {
    signals.release();
    await crew.close();
  }
}

function isStdinRead({ targets, input }: CheckRequest): boolean {
  return input === STDIN || targets.includes(STDIN);
}

const WITHOUT_RESUME = 'it was interrupted; a run with --input and --resume can be gone on with';
const WITH_RESUME = 'it was interrupted; the same command again goes on with it';
const nothingIsDone = (): boolean => false;

/** What a list has that some names have not. */
interface Many {
  readonly stop: AbortSignal;
  readonly repeats: Repeats;
  readonly survey: Survey | undefined;
  readonly isDone: (line: number) => boolean;
  readonly crew: Crew;
}

/** What each target of a run needs. */
interface Run {
  readonly request: CheckRequest;
  readonly parts: VisitParts;
  readonly many: Many | undefined;
  readonly row: InARow;
}

const atOnce: InARow = async (work) => work();

function results(request: CheckRequest, parts: VisitParts, many: Many | undefined): AsyncGenerator<Result> {
  const { targets, targetTerms, format, terms, input } = request;
  const order = kindOf(format) === 'pages' ? 'input' : 'done';
  const most = (order === 'done' && many !== undefined ? PER_DOOR.many : PER_DOOR.few) * terms.concurrency;
  const pool: PoolTerms<Result> = {
    most: Math.min(most, MOST_TARGETS),
    order,
    waiting: { mostOctets: MOST_WAITING, octetsOf: ({ judged }) => octetsOf(judged) },
    ...(many === undefined ? {} : { stop: many.stop }),
  };
  const isDone = many?.isDone ?? nothingIsDone;
  // Of a few targets each is told at once.
  const row = many === undefined ? atOnce : inARow();
  const lists = {
    stdin: { name: 'stdin', chunks: process.stdin, isDone },
    input:
      input === undefined || input === STDIN
        ? undefined
        : { name: input, chunks: inputOf(input, many?.survey), isDone },
  };
  const named = input === STDIN ? [...targets, STDIN] : targets;
  return pooled(targetsFrom(named, targetTerms, lists), pool, (listed, join) =>
    visitOne(listed, join, { request, parts, many, row }),
  );
}

function octetsOf(judged: Parsed<Judgement>): number {
  return judged.kind === 'ok' ? judged.value.octets : judged.because.length;
}

async function visitOne(
  { place, target }: Listed,
  join: Place['join'],
  { request, parts, many, row }: Run,
): Promise<Worked<Result>> {
  const { progress, opened } = parts;
  if (target.kind === 'invalid') return { kind: 'done', result: { place, judged: target } };
  const name = formatTarget(target.value);
  progress.begin(name);
  const worked =
    (await many?.crew.work(target.value, join)) ??
    (await workHere(target.value, join, opened.tester, (recording) => row(() => judge(request, recording))));
  progress.end(name);
  if (worked.kind !== 'done') return worked;
  many?.repeats.add(usualSpelling(target.value));
  return { kind: 'done', result: { place, judged: worked.result } };
}

async function workHere(
  target: Target,
  join: Place['join'],
  tester: Tester,
  judged: (recording: Recording) => Promise<Parsed<Judgement>>,
): Promise<Worked<Parsed<Judgement>>> {
  try {
    const attempt = await tester.attempt(target, join);
    switch (attempt.kind) {
      case 'crowded':
        return attempt;
      case 'stopped':
        return { kind: 'dropped' };
      case 'tested':
        return { kind: 'done', result: await judged(attempt.recording) };
    }
  } catch (error) {
    return { kind: 'done', result: faultOf(target, error) };
  }
}
