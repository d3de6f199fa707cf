/** Runs checks, or judges recorded ones again, and prints what they came to. */
import { once } from 'node:events';
import type { CheckReport } from '../../events/check-report.ts';
import type { Severity } from '../../findings/check.ts';
import { futureOf, judgeAhead } from '../../findings/future.ts';
import { judgeRecording } from '../../findings/judge.ts';
import type { Profile } from '../../findings/profiles/profile.ts';
import type { Recording } from '../../findings/recording.ts';
import type { Parsed } from '../../names/domain.ts';
import { StoreError } from '../../store/store-error.ts';
import { describeError } from '../config/describe-error.ts';
import { readDnsFiles } from '../config/files.ts';
import { type LoadRequest, loadConfig } from '../config/load.ts';
import { lookOf } from '../terminal.ts';
import { version } from '../version.ts';
import { calledWith } from './again.ts';
import {
  counting,
  exitCodeOf,
  hiddenBy,
  meaningOf,
  NAGIOS_UNKNOWN,
  nagiosCodeOf,
  nothingYet,
  type Tally,
} from './exit-code.ts';
import { nagiosFailure } from './formats/nagios-text.ts';
import { toReport } from './json.ts';
import { type CheckTerms, type OpenedCheck, openCheck } from './open.ts';
import { optOutOf } from './opt-out-file.ts';
import { type Format, openOutput } from './output.ts';
import { pooled } from './pool.ts';
import { openPortWatch } from './port-watch.ts';
import { openProgress, type Progress } from './progress.ts';
import { savedRecordings } from './saved.ts';
import { everyCheck, type Selection } from './selection.ts';
import { formatTarget, type TargetTerms } from './target.ts';
import { type Listed, type ListPlace, STDIN, targetsFrom } from './targets.ts';
import { safe } from './words.ts';

export interface CheckRequest {
  /** As they were named, read already but for those on stdin. */
  readonly targets: readonly string[];
  readonly targetTerms: TargetTerms;
  /** A file of recordings, in place of targets; `-` is stdin. */
  readonly from: string | undefined;
  readonly terms: Omit<CheckTerms, 'optOut' | 'onNotice'>;
  readonly failOn: Severity;
  readonly selection: Selection;
  /** What is demanded; undefined: nothing beside what is found. */
  readonly profile: Profile | undefined;
  /** Options that were given for visits, as words: commands to paste have them, too. */
  readonly repeated: readonly string[];
  /** Milliseconds since 1970. */
  readonly failAt: number | undefined;
  readonly format: Format;
  readonly details: boolean;
}

/** What was seen of a target, and where it stands in a list. */
interface Visited {
  readonly recording: Recording;
  readonly place: ListPlace | null;
}

const WRONG = 2;
/** Targets that are worked on at the same time, for each door that may be visited then: most of the time is waiting. */
const TARGETS_PER_DOOR = 2;

/** @returns the exit code. */
export async function check(request: CheckRequest, load: LoadRequest): Promise<number> {
  const progress = openProgress(process.stderr);
  try {
    return request.from === undefined
      ? await visitAll(request, load, progress)
      : await reportAll(request, load, saved(request.from), progress);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return refuse(request, progress, [error.message]);
  } finally {
    progress.close();
  }
}

async function visitAll(request: CheckRequest, load: LoadRequest, progress: Progress): Promise<number> {
  const loaded = loadConfig(load);
  const read = loaded.kind === 'ok' ? await readDnsFiles(loaded.config, loaded.effective) : loaded;
  if (loaded.kind === 'invalid' || !('files' in read) || read.errors.length > 0) {
    return refuse(request, progress, read.errors.map(describeError));
  }
  const { config } = loaded;
  const optOut = await optOutOf(config);
  if (optOut.kind === 'invalid') return refuse(request, progress, [optOut.because]);
  const opened = openCheck(config, read.files, {
    ...request.terms,
    optOut: optOut.value,
    onNotice: (text) => complain(progress, 'warning', text),
  });
  try {
    const { targets, targetTerms, format, terms } = request;
    const order = inAnyOrder.has(format) ? 'done' : 'input';
    const visit = (listed: Parsed<Listed>): Promise<Parsed<Visited>> => visitOne(listed, opened, progress);
    const listed = targetsFrom(targets, targetTerms, process.stdin);
    return await reportAll(
      request,
      load,
      pooled(listed, TARGETS_PER_DOOR * terms.concurrency, order, visit),
      progress,
    );
  } finally {
    await opened.close();
  }
}

/** Lines that stand for themselves, or sums. */
const inAnyOrder: ReadonlySet<Format> = new Set(['ndjson', 'csv', 'nagios', 'openmetrics']);

async function visitOne(
  listed: Parsed<Listed>,
  { tester }: OpenedCheck,
  progress: Progress,
): Promise<Parsed<Visited>> {
  if (listed.kind === 'invalid') return listed;
  const { target, place } = listed.value;
  const name = formatTarget(target);
  progress.begin(name);
  const recording = await tester.test(target);
  progress.end(name);
  return { kind: 'ok', value: { recording, place } };
}

async function* saved(file: string): AsyncGenerator<Parsed<Visited>> {
  for await (const recording of savedRecordings(file, process.stdin)) {
    yield recording.kind === 'ok'
      ? { kind: 'ok', value: { recording: recording.value, place: null } }
      : recording;
  }
}

/** Judges and prints one after the other. @returns the exit code. */
async function reportAll(
  request: CheckRequest,
  load: LoadRequest,
  all: AsyncIterable<Parsed<Visited>>,
  progress: Progress,
): Promise<number> {
  const { format, details, failOn, targets, from, selection, repeated } = request;
  const isAlone = targets.length === 1 && !targets.includes(STDIN);
  const output = openOutput({
    format,
    details,
    list: from === undefined ? (isAlone ? 'never' : 'always') : 'counted',
    failOn,
    version: version(),
    page: {
      look: lookOf(process.stdout, process.env),
      called: calledWith(load, repeated),
      isPart: selection !== everyCheck,
    },
    write,
  });
  const watch = openPortWatch();
  let tally: Tally = nothingYet;
  const wrong = (because: string): void => {
    complain(progress, 'error', because);
    output.complain(because);
    tally = { ...tally, wrongUsage: true };
  };
  for await (const visited of all) {
    if (visited.kind === 'invalid') {
      wrong(visited.because);
      continue;
    }
    const { recording, place } = visited.value;
    const past = whyNoFuture(request, recording);
    if (past !== undefined) {
      wrong(past);
      continue;
    }
    watch.add(recording);
    const report = judged(request, recording);
    tally = counting(tally, report, failOn);
    progress.clear();
    await output.print(report, recording, place);
  }
  const verdict = watch.verdict();
  if (verdict.kind === 'blocked') {
    complain(progress, 'error', verdict.because);
    output.complain(verdict.because);
  }
  const whole: Tally = { ...tally, blocked: verdict.kind === 'blocked' };
  const code = exitCodeOf(whole);
  const exitCode = format === 'nagios' ? nagiosCodeOf(whole) : code;
  await output.end({ exitCode, meaning: meaningOf(code) });
  const hidden = format === 'nagios' ? undefined : hiddenBy(whole);
  if (hidden !== undefined) complain(progress, 'warning', hidden);
  return exitCode;
}

function judged({ failAt, selection, profile }: CheckRequest, recording: Recording): CheckReport {
  const now = judgeRecording(recording, recording.startedAt);
  const foreseen =
    failAt === undefined
      ? null
      : {
          until: failAt,
          events: futureOf(recording, now.theCase, failAt, selection),
          judged: judgeAhead(recording, failAt),
        };
  return toReport({ recording, judged: now, foreseen, selection, profile });
}

/** What is wrong with --fail-at for what was seen then, or before. */
function whyNoFuture(
  { failAt }: Pick<CheckRequest, 'failAt'>,
  { startedAt, target }: Pick<Recording, 'startedAt' | 'target'>,
): string | undefined {
  if (failAt === undefined || failAt > startedAt) return undefined;
  const seen = new Date(startedAt).toISOString();
  return `${formatTarget(target)}: --fail-at ${new Date(failAt).toISOString()} is not after the check, ${seen}`;
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function complain(progress: Progress, kind: 'error' | 'warning', message: string): void {
  progress.clear();
  process.stderr.write(`${kind}: ${safe(message, { unicode: true })}\n`);
}

/** Ends a run that cannot begin. @returns its exit code. */
function refuse({ format }: CheckRequest, progress: Progress, messages: readonly string[]): number {
  for (const message of messages) complain(progress, 'error', message);
  if (format !== 'nagios') return WRONG;
  process.stdout.write(nagiosFailure(messages[0] ?? ''));
  return NAGIOS_UNKNOWN;
}
