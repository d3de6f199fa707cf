/** Every suite that a server takes, on the page for a terminal. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Look } from '../terminal.ts';
import { labelled, titled, verbatim } from './page.ts';
import { suiteListsOf } from './suite-list.ts';

/** A block for each door of which they were listed. */
export function suiteBlocks(report: Pick<CheckReport, 'hosts'>, look: Look): readonly (readonly string[])[] {
  return suiteListsOf(report).map(({ place, versions }) => [
    ...titled('suites', ` ${place}${versions.length === 0 ? ': none' : ':'}`, look),
    ...versions.flatMap(({ title, lines }) => [
      ...labelled('', title, look, '  '),
      ...lines.map((line) => verbatim(line, look, '    ')),
    ]),
  ]);
}
