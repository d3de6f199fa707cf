/** What to repair, what could not be tested, and what is fine, as a person reads it. */
import type { CheckReport } from '../../events/check-report.ts';
import { senders } from '../../findings/senders.ts';
import type { Look } from '../terminal.ts';
import type { CalledWith } from './again.ts';
import { highlighted, labelled, marked, marks, titled } from './page.ts';
import { joined, type Repair, repairsOf, wishesOf } from './repairs.ts';
import { logOrder, shutOf } from './shut.ts';
import { keyOf, programsOf, type RemedyTerms, remedyLines } from './text-remedies.ts';
import { newRepairs } from './verdict.ts';
import {
  briefly,
  counted,
  listed,
  placesText,
  senderNames,
  severityColours,
  showMoment,
  stateWords,
} from './words.ts';

/** Lines of evidence of one repair; the rest is among the details. */
const FEW = 4;

/** @param called with which options, as the commands to paste have them, too. */
export function repairLines(report: CheckReport, called: CalledWith, look: Look): readonly string[] {
  const repairs = repairsOf(report.findings);
  if (repairs.length === 0) return [];
  const programs = programsOf(report);
  const shown = new Map<string, number>();
  const lines = repairs.flatMap((repair, index) => {
    const terms = { programs, called, indent: '     ', shown: new Map(shown) };
    for (const fix of repair.finding.fix) if (!shown.has(keyOf(fix))) shown.set(keyOf(fix), index + 1);
    return oneRepair(repair, index + 1, terms, look);
  });
  const isMoved = repairs.some(({ first }) => first.length > 0);
  return [...titled('to fix', isMoved ? ', in this order:' : ', the worst first:', look), ...lines];
}

function oneRepair(repair: Repair, number: number, terms: RemedyTerms, look: Look): readonly string[] {
  const { finding, places, severity, consequences, first } = repair;
  const { id, state, title, why, fix, evidence, reference } = finding;
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
    ...evidence.slice(0, FEW).flatMap((line) => labelled('seen:', briefly(line), look)),
    ...(more > 0 ? labelled('', `${counted(more, 'line')} more with --details`, look) : []),
    ...labelled('so:', why, look),
    ...(first.length === 0
      ? []
      : labelled(
          'first:',
          first.length === 1
            ? `Do step ${first[0]} before this one: from this step on senders check it, and keep mail back while it is wrong.`
            : `Do steps ${listed(first.map(String))} before this one: from this step on senders check them, and keep mail back while they are wrong.`,
          look,
        )),
    ...remedyLines(fix, terms, look),
    ...(fix.length === 0 ? labelled('', 'Nothing can be done about it.', look) : []),
    ...consequences.flatMap((one) =>
      labelled('mends, too:', `${one.finding.title} (${one.finding.id}): ${placesText(one.places)}`, look),
    ),
    ...labelled('see:', reference, look),
  ];
}

/** What could be better, a line each; nothing is wrong with it. */
export function wishLines({ findings }: CheckReport, look: Look): readonly string[] {
  const wishes = wishesOf(findings);
  if (wishes.length === 0) return [];
  return [
    ...titled('to know', ', nothing of it has to be fixed:', look),
    ...wishes.flatMap(({ finding: { id, state, title, evidence, why } }) =>
      marked(marks.none, `${stateWords[state]}: ${title} (${id}): ${briefly(evidence[0] ?? why)}`, look),
    ),
  ];
}

export function untestedLines(report: CheckReport, look: Look): readonly string[] {
  const { findings } = report;
  const isShut = shutOf(report) !== undefined;
  const open = joined(findings.filter(({ state }) => state === 'not-tested'));
  if (open.length === 0) return [];
  return [
    ...titled(
      'not tested',
      isShut ? ', as this check did not get through:' : ', which says nothing good or bad:',
      look,
    ),
    ...open.flatMap(({ finding, places }) => {
      const { id, title, evidence, retryAt, why, severity } = finding;
      const order = logOrder(finding, report);
      const again = retryAt === null ? '' : ` Try again after ${showMoment(retryAt)}.`;
      return [
        ...marked(marks.unknown, `${title} (${id}, ${severity}): ${placesText(places)}`, look),
        ...labelled('', `${ended(briefly(evidence[0] ?? why))}${again}`, look, '    '),
        ...(isShut && order !== '' ? labelled('fix:', order, look, '    ') : []),
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

export function futureLines(
  { future, findings }: CheckReport,
  called: CalledWith,
  look: Look,
): readonly string[] {
  if (future === null) return [];
  const until = showMoment(future.until);
  const fresh = newRepairs(future.findings, findings);
  if (future.events.length === 0 && fresh.length === 0) {
    return titled(`until ${until}`, ': nothing breaks by itself.', look);
  }
  return [
    ...titled(`until ${until}`, ', if nothing is renewed:', look),
    ...future.events.flatMap(({ at, what, breaks, evidence, fix }) => [
      ...marked(marks.weak, `${showMoment(at)}: ${what}`, look),
      ...(breaks.length === 0 ? [] : labelled('breaks:', breaks.map(brokenName).join(', '), look, '    ')),
      ...evidence.slice(0, FEW).flatMap((line) => labelled('', briefly(line), look, '    ')),
      ...remedyLines(fix, { programs: new Set(), called, indent: '    ', shown: new Map() }, look),
    ]),
    ...fresh.flatMap(({ finding: { severity, state, title, id, evidence }, places }) => [
      ...marked(
        marks.bad,
        `then ${severity}, ${stateWords[state]}: ${title} (${id}): ${placesText(places)}`,
        look,
      ),
      ...labelled('', briefly(evidence[0] ?? ''), look, '    '),
    ]),
  ];
}
