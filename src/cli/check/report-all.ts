/** Prints results one after the other, and adds them up. */
import type { Parsed } from '../../names/domain.ts';
import { codesOf, hiddenBy, INTERRUPTED, NAGIOS_UNKNOWN, runEndOf } from './exit-code.ts';
import { nagiosFailure } from './formats/nagios-text.ts';
import type { EndSignal } from './interrupt.ts';
import type { Judgement } from './judgement.ts';
import type { Format } from './output.ts';
import { openPortWatch } from './port-watch.ts';
import type { Printing } from './printing.ts';
import type { ListPlace } from './targets.ts';
import { type Totals, withShare, withWrong } from './totals.ts';

/** What came of one target, or what is wrong with it. */
export interface Result {
  /** Of the list. */
  readonly place: ListPlace | null;
  readonly judged: Parsed<Judgement>;
}

/** Prints a line for a person, on stderr. */
export type Tell = (kind: 'error' | 'warning' | 'note', message: string) => void;

export interface ReportHands {
  readonly tell: Tell;
  /** Called before each is printed, with what all come to. */
  readonly onResult: (totals: Totals) => void;
  /** Called once it is printed. */
  readonly onWritten: (totals: Totals) => void;
  /** What has interrupted the run; undefined where nothing has. */
  readonly signal: () => EndSignal | undefined;
}

/** A list of a million lines may be another list than was meant. */
const MOST_LINES_TOLD = 20;

/** What a run came to. */
export interface Reported {
  readonly totals: Totals;
  readonly exitCode: number;
  /** What that code hides, in one sentence; undefined where it hides nothing. */
  readonly hidden: string | undefined;
  readonly signal: EndSignal | undefined;
}

export async function reportAll(
  results: AsyncIterable<Result>,
  { output, done, close, codes, isAppended, ...begun }: Printing,
  hands: ReportHands,
): Promise<Reported> {
  let { totals } = begun;
  const watch = openPortWatch(totals.portIsOpen);
  const complain = (because: string): void => {
    hands.tell('error', because);
    output.complain(because);
  };
  let wrongLines = 0;
  const complainOfLine = (because: string): void => {
    wrongLines += 1;
    if (wrongLines <= MOST_LINES_TOLD) return complain(because);
    if (wrongLines === MOST_LINES_TOLD + 1)
      hands.tell('error', 'further lines that are no targets are counted only');
    output.complain(because);
  };
  if (!isAppended) await output.begin();
  for await (const { place, judged } of results) {
    if (judged.kind === 'invalid') {
      if (place === null) complain(judged.because);
      else complainOfLine(judged.because);
      totals = withWrong(totals, place !== null);
    } else {
      watch.add(judged.value.ports);
      totals = { ...withShare(totals, judged.value.share), portIsOpen: watch.isOpen() };
      hands.onResult(totals);
      await judged.value.print(output, place);
      hands.onWritten(totals);
    }
    await done(place?.line, totals);
  }
  const verdict = watch.verdict();
  if (verdict.kind === 'blocked') complain(verdict.because);
  const signal = hands.signal();
  if (signal !== undefined) output.complain(INTERRUPTED);
  const tally = { ...totals.tally, blocked: verdict.kind === 'blocked' };
  const end = runEndOf(tally, codes, signal);
  await output.end({ ...end, isWhole: signal === undefined });
  await close();
  const hidden = codes === 'nagios' ? undefined : hiddenBy(tally);
  return { totals: { ...totals, tally }, exitCode: end.exitCode, hidden, signal };
}

/** @returns the exit code. */
export function endOf({ exitCode, hidden }: Reported, tell: Tell): number {
  if (hidden !== undefined) tell('warning', hidden);
  return exitCode;
}

/** The exit code of wrong usage. */
const WRONG = 2;

/** Ends a run that cannot begin, or not be gone on with. @returns its exit code. */
export function refuse(format: Format, tell: Tell, messages: readonly string[]): number {
  for (const message of messages) tell('error', message);
  if (codesOf(format) !== 'nagios') return WRONG;
  process.stdout.write(nagiosFailure(messages[0] ?? ''));
  return NAGIOS_UNKNOWN;
}
