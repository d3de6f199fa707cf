/** The way of results to stdout. */
import { once } from 'node:events';
import type { LoadRequest } from '../config/load.ts';
import { lookOf } from '../terminal.ts';
import { version } from '../version.ts';
import { calledWith } from './again.ts';
import { type Codes, codesOf } from './exit-code.ts';
import type { JudgeTerms } from './judgement.ts';
import type { Outlet } from './outlet.ts';
import { type Format, type Output, openOutput } from './output.ts';
import { everyCheck } from './selection.ts';
import { STDIN } from './targets.ts';
import { noTotals, type Totals } from './totals.ts';

export interface PrintTerms extends JudgeTerms {
  readonly targets: readonly string[];
  readonly input: string | undefined;
  readonly from: string | undefined;
  /** Options that were given for visits, as words: commands to paste have them, too. */
  readonly repeated: readonly string[];
  readonly format: Format;
  readonly details: boolean;
}

export interface Printing extends Outlet {
  readonly output: Output;
  /** Whether it goes on behind results that are there already. */
  readonly isAppended: boolean;
  /** Of the run so far. */
  readonly totals: Totals;
  readonly codes: Codes;
}

/** @param kept a way by which what was printed is remembered; else all goes to stdout, and nothing is. */
export function openPrinting(
  request: PrintTerms,
  load: LoadRequest,
  kept?: { readonly outlet: Outlet; readonly totals: Totals; readonly isAppended: boolean },
): Printing {
  const { format, details, failOn, targets, from, selection, repeated } = request;
  const { write, done, close } = kept?.outlet ?? { write: toStdout, done: nothing, close: nothing };
  const output = openOutput({
    format,
    details,
    failOn,
    version: version(),
    list: from === undefined ? (isList(request) || targets.length > 1 ? 'always' : 'never') : 'counted',
    page: {
      look: lookOf(process.stdout, process.env),
      called: calledWith(load, repeated),
      isPart: selection !== everyCheck,
    },
    write,
  });
  return {
    output,
    write,
    done,
    close,
    isAppended: kept?.isAppended ?? false,
    totals: kept?.totals ?? noTotals,
    codes: codesOf(format),
  };
}

/** Whether targets come from a list, of any length. */
export function isList({ targets, input }: Pick<PrintTerms, 'targets' | 'input'>): boolean {
  return input !== undefined || targets.includes(STDIN);
}

async function toStdout(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

const nothing = (): Promise<void> => Promise.resolve();
