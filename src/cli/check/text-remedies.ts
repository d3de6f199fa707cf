/** How something is repaired: orders, lines to paste, and the command that shows that it is done. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Look } from '../terminal.ts';
import { again, type CalledWith } from './again.ts';
import { labelled, verbatim } from './page.ts';
import { type ReportedFinding, repairerName } from './words.ts';

type Fix = ReportedFinding['fix'][number];

export interface RemedyTerms {
  /** Programs that were met; where none of them is among the lines all are shown. */
  readonly programs: ReadonlySet<string>;
  readonly called: CalledWith;
  /** Columns before the orders. */
  readonly indent: string;
  /** Lines that stand in another repair already, and its number. */
  readonly shown: ReadonlyMap<string, number>;
  /** Whether the options of `waxwing check` stand below all of them, once. */
  readonly isShort: boolean;
}

/** Programs that were met, by name. */
export function programsOf({ hosts }: CheckReport): ReadonlySet<string> {
  return new Set(hosts.flatMap(({ endpoints }) => endpoints.flatMap(({ program }) => program ?? [])));
}

/** All of one finding, in the order in which it is done. */
export function remedyLines(fix: readonly Fix[], terms: RemedyTerms, look: Look): readonly string[] {
  return fix.flatMap((one, index) => {
    const isOther = fix[index - 1]?.who !== one.who;
    // What shows that several steps are done is run behind the last of them.
    const isRepeated = fix.slice(index + 1).some(({ verify }) => verify === one.verify);
    return oneRemedy(isRepeated ? { ...one, verify: null } : one, isOther, terms, look);
  });
}

/** Whether a command is this one with other targets or checks. */
export function isCheck(command: string): boolean {
  return command.startsWith('waxwing check ');
}

/** Of lines that may stand in several repairs. */
export function keyOf({ lines }: Fix): string {
  return JSON.stringify(lines);
}

/** Repairs whose lines are not for one program or another. */
const always: ReadonlySet<string> = new Set(['dns', 'policy-file']);
/** A single line is shorter than a word on where it stands. */
const WORTH_A_WORD = 2;

function oneRemedy(fix: Fix, isOther: boolean, terms: RemedyTerms, look: Look): readonly string[] {
  const { who, do: order, verify, lines } = fix;
  const { indent, called, shown, isShort } = terms;
  const inner = `${indent}  `;
  const number = lines.length < WORTH_A_WORD ? undefined : shown.get(keyOf(fix));
  return [
    ...labelled('fix:', `${order}${isOther ? ` (${repairerName(who)})` : ''}`, look, indent),
    ...(number === undefined
      ? pasted(fix, terms, look)
      : labelled('', `The lines are those of step ${number}, and done with it.`, look, inner)),
    ...(verify === null
      ? []
      : [
          verbatim('to see that it is done:', look, inner),
          verbatim(isShort && isCheck(verify) ? verify : again(verify, called), look, `${inner}  `),
        ]),
  ];
}

function pasted(fix: Fix, { programs, indent }: RemedyTerms, look: Look): readonly string[] {
  const shown = linesFor(fix, programs);
  return shown.flatMap((line, index) => [
    ...(shown[index - 1]?.for === line.for ? [] : [verbatim(`${line.for}:`, look, `${indent}  `)]),
    verbatim(line.text, look, `${indent}    `),
  ]);
}

/** For the programs that were met; all where none of them is among those that there are lines for. */
export function linesFor({ lines }: Fix, programs: ReadonlySet<string>): Fix['lines'] {
  const known = lines.some((line) => programs.has(line.for));
  return known ? lines.filter((line) => always.has(line.for) || programs.has(line.for)) : lines;
}

/** Programs of which there are lines that are not shown, each once. */
export function hiddenPrograms(fix: readonly Fix[], programs: ReadonlySet<string>): readonly string[] {
  const hidden = fix.flatMap((one) => {
    const shown = linesFor(one, programs);
    return one.lines.filter((line) => !shown.includes(line)).map((line) => line.for);
  });
  return [...new Set(hidden)];
}
