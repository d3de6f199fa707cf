/** What to repair, what could not be tested, and what is fine, as a person reads it. */
import type { CheckReport } from '../../events/check-report.ts';
import { senders } from '../../findings/senders.ts';
import type { Look } from '../terminal.ts';
import { highlighted, labelled, marked, marks, titled, verbatim } from './page.ts';
import { isProblem, type Joined, joined, repairsOf, wishesOf } from './repairs.ts';
import {
  counted,
  placesText,
  type ReportedFinding,
  repairerName,
  senderNames,
  severityColours,
  showMoment,
  stateWords,
} from './words.ts';

type Fix = ReportedFinding['fix'][number];

/** Lines of evidence of one repair; the rest is among the details. */
const FEW = 4;

export function repairLines(report: CheckReport, look: Look): readonly string[] {
  const repairs = repairsOf(report.findings);
  if (repairs.length === 0) return [];
  const programs = programsOf(report);
  return [
    ...titled('to fix', ', the worst first:', look),
    ...repairs.flatMap((repair, index) => oneRepair(repair, index + 1, programs, look)),
  ];
}

/** Programs that were met, by name. */
function programsOf({ hosts }: CheckReport): ReadonlySet<string> {
  return new Set(hosts.flatMap(({ endpoints }) => endpoints.flatMap(({ program }) => program ?? [])));
}

function oneRepair(
  { finding, places }: Joined,
  number: number,
  programs: ReadonlySet<string>,
  look: Look,
): readonly string[] {
  const { id, state, severity, title, why, fix, evidence, reference } = finding;
  const more = evidence.length - FEW;
  return [
    ...highlighted(
      `${number}. ${severity}, ${stateWords[state]}: ${title} (${id})`,
      severity,
      severityColours[severity],
      look,
      '  ',
      '     ',
    ),
    ...labelled('where:', placesText(places), look),
    ...evidence.slice(0, FEW).flatMap((line) => labelled('seen:', line, look)),
    ...(more > 0 ? labelled('', `${counted(more, 'line')} more with --details`, look) : []),
    ...labelled('so:', why, look),
    ...fix.flatMap((one) => remedyLines(one, programs, look)),
    ...(fix.length === 0 ? labelled('', 'Nothing can be done about it.', look) : []),
    ...labelled('see:', reference, look),
  ];
}

/** Repairs whose lines are not for one program or another. */
const always: ReadonlySet<string> = new Set(['dns', 'policy-file']);

/** @param programs those that were met; where none of them is among the lines all are shown. */
function remedyLines(
  { who, do: order, lines, verify }: Fix,
  programs: ReadonlySet<string>,
  look: Look,
): readonly string[] {
  const known = lines.some((line) => programs.has(line.for));
  const shown = known ? lines.filter((line) => always.has(line.for) || programs.has(line.for)) : lines;
  const others = [...new Set(lines.filter((line) => !shown.includes(line)).map((line) => line.for))];
  return [
    ...labelled('fix:', `${order} (${repairerName(who)})`, look),
    ...shown.flatMap((line, index) => [
      ...(shown[index - 1]?.for === line.for ? [] : [verbatim(`${line.for}:`, look, '       ')]),
      verbatim(line.text, look, '         '),
    ]),
    ...(others.length === 0
      ? []
      : labelled('', `--json has the lines for ${others.join(', ')}, too.`, look, '       ')),
    ...(verify === null
      ? []
      : [verbatim('to see that it is done:', look, '       '), verbatim(verify, look, '         ')]),
  ];
}

/** What could be better, a line each; nothing is wrong with it. */
export function wishLines({ findings }: CheckReport, look: Look): readonly string[] {
  const wishes = wishesOf(findings);
  if (wishes.length === 0) return [];
  return [
    ...titled('to know', ', nothing of it has to be fixed:', look),
    ...wishes.flatMap(({ finding: { id, state, title, evidence, why } }) =>
      marked(marks.none, `${stateWords[state]}: ${title} (${id}): ${evidence[0] ?? why}`, look),
    ),
  ];
}

export function untestedLines({ findings }: CheckReport, look: Look): readonly string[] {
  const open = joined(findings.filter(({ state }) => state === 'not-tested'));
  if (open.length === 0) return [];
  return [
    ...titled('not tested', ', which says nothing good or bad:', look),
    ...open.flatMap(({ finding, places }) => {
      const { id, title, evidence, retryAt, why, severity } = finding;
      const again = retryAt === null ? '' : ` Try again after ${showMoment(retryAt)}.`;
      return [
        ...marked(marks.unknown, `${title} (${id}, ${severity}): ${placesText(places)}`, look),
        ...labelled('', `${ended(evidence[0] ?? why)}${again}`, look, '    '),
      ];
    }),
  ];
}

/** Senders by what they look at; checks by their ids. */
function brokenName(broken: string): string {
  const sender = senders.find((one) => one === broken);
  return sender === undefined ? broken : `senders that look at ${senderNames[sender]}`;
}

/** With a full stop, as another sentence may follow. */
function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** What is fine, by section. */
export function fineLines({ findings }: CheckReport, look: Look): readonly string[] {
  const passed = findings.filter(({ state }) => state === 'pass');
  if (passed.length === 0) return [];
  const sections = new Map<string, number>();
  for (const { id } of passed) {
    const section = id.split('.')[0] ?? id;
    sections.set(section, (sections.get(section) ?? 0) + 1);
  }
  const each = [...sections].map(([section, count]) => `${section} ${count}`).join(', ');
  return titled('fine', `: ${counted(passed.length, 'check')} (${each}).`, look);
}

export function futureLines({ future, findings }: CheckReport, look: Look): readonly string[] {
  if (future === null) return [];
  const until = showMoment(future.until);
  const known = new Set(findings.filter(isProblem).map(({ id }) => id));
  const fresh = repairsOf(future.findings).filter(({ finding }) => !known.has(finding.id));
  if (future.events.length === 0 && fresh.length === 0) {
    return titled(`until ${until}`, ': nothing breaks by itself.', look);
  }
  return [
    ...titled(`until ${until}`, ', if nothing is renewed:', look),
    ...future.events.flatMap(({ at, what, breaks, evidence, fix }) => [
      ...marked(marks.weak, `${showMoment(at)}: ${what}`, look),
      ...(breaks.length === 0 ? [] : labelled('breaks:', breaks.map(brokenName).join(', '), look, '    ')),
      ...evidence.slice(0, FEW).flatMap((line) => labelled('', line, look, '    ')),
      ...fix.flatMap((one) => remedyLines(one, new Set(), look)),
    ]),
    ...fresh.flatMap(({ finding: { severity, state, title, id, evidence }, places }) => [
      ...marked(
        marks.bad,
        `then ${severity}, ${stateWords[state]}: ${title} (${id}): ${placesText(places)}`,
        look,
      ),
      ...labelled('', evidence[0] ?? '', look, '    '),
    ]),
  ];
}
