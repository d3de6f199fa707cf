/** Prints results one after the other, and adds them up. */
import type { Parsed } from '../../names/domain.ts';
import { exitCodeOf, hiddenBy, type Tally } from './exit-code.ts';
import type { Judgement } from './judgement.ts';
import { openPortWatch } from './port-watch.ts';
import type { Printing } from './printing.ts';
import { type Totals, withShare, withWrong } from './totals.ts';

/** What came of one target, or what is wrong with it. */
export interface Result {
  /** Of the list. */
  readonly line: number | undefined;
  readonly judged: Parsed<Judgement>;
}

/** Prints a line for a person, on stderr. */
export type Tell = (kind: 'error' | 'warning' | 'note', message: string) => void;

/** The exit code of wrong usage. */
export const WRONG = 2;

/** @param onResult called before each is printed, with what all come to. */
export async function reportAll(
  results: AsyncIterable<Result>,
  { output, done, close, ...begun }: Printing,
  tell: Tell,
  onResult: (totals: Totals) => void,
): Promise<Totals> {
  let { totals } = begun;
  const watch = openPortWatch(totals.portIsOpen);
  for await (const { line, judged } of results) {
    if (judged.kind === 'invalid') {
      tell('error', judged.because);
      totals = withWrong(totals);
    } else {
      watch.add(judged.value.ports);
      totals = { ...withShare(totals, judged.value.share), portIsOpen: watch.isOpen() };
      onResult(totals);
      await judged.value.print(output);
    }
    await done(line, totals);
  }
  await output.end();
  await close();
  const verdict = watch.verdict();
  if (verdict.kind === 'blocked') tell('error', verdict.because);
  return { ...totals, tally: { ...totals.tally, blocked: verdict.kind === 'blocked' } };
}

/** @returns the exit code. */
export function endOf({ tally }: { readonly tally: Tally }, tell: Tell): number {
  const hidden = hiddenBy(tally);
  if (hidden !== undefined) tell('warning', hidden);
  return exitCodeOf(tally);
}
