/** What to repair in which order, what could not be tested, and what will break, for a page. */
import type { CheckReport } from '../../../events/check-report.ts';
import { senders } from '../../../findings/senders.ts';
import { again, type CalledWith } from '../again.ts';
import { joined, type Repair, repairsOf } from '../repairs.ts';
import { logOrder, shutOf } from '../shut.ts';
import { linesFor, programsOf } from '../text-remedies.ts';
import { newRepairs } from '../verdict.ts';
import {
  briefly,
  listed,
  placesText,
  type ReportedFinding,
  repairerName,
  senderNames,
  showMoment,
  stateWords,
} from '../words.ts';
import { type Block, code, heading, type Line, list, paragraph, type Tone } from './document.ts';

type Severity = ReportedFinding['severity'];

const severityTones: Readonly<Record<Severity, Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'weak',
  low: 'plain',
  info: 'plain',
};

export function repairBlocks(report: CheckReport, called: CalledWith): readonly Block[] {
  const repairs = repairsOf(report.findings);
  if (repairs.length === 0) return [];
  const programs = programsOf(report);
  const isMoved = repairs.some(({ first }) => first.length > 0);
  return [
    heading(3, `To fix, ${isMoved ? 'in this order' : 'the worst first'}`),
    ...repairs.flatMap((repair, index) => oneRepair(repair, index + 1, programs, called)),
  ];
}

function oneRepair(
  { finding, places, severity, consequences, first }: Repair,
  number: number,
  programs: ReadonlySet<string>,
  called: CalledWith,
): readonly Block[] {
  const { id, state, title, why, fix, evidence, reference } = finding;
  return [
    heading(
      4,
      `${number}. `,
      { strong: severity, tone: severityTones[severity] },
      `, ${stateWords[state]}: ${title} (`,
      { code: id },
      ')',
    ),
    paragraph(`Where: ${placesText(places)}`),
    ...code('seen', evidence),
    paragraph(`So: ${why}`),
    ...(first.length === 0
      ? []
      : [
          paragraph(
            `First: do ${first.length === 1 ? 'step' : 'steps'} ${listed(first.map(String))} before this one; from this step on senders look at it, and keep mail back while it is wrong.`,
          ),
        ]),
    ...remedyBlocks(fix, programs, called),
    ...list(
      consequences.map(
        (one): Line => [
          `Mends, too: ${one.finding.title} (`,
          { code: one.finding.id },
          `): ${placesText(one.places)}`,
        ],
      ),
    ),
    paragraph(`See: ${reference}`),
  ];
}

function remedyBlocks(
  fix: ReportedFinding['fix'],
  programs: ReadonlySet<string>,
  called: CalledWith,
): readonly Block[] {
  if (fix.length === 0) return [paragraph('Nothing can be done about it.')];
  return fix.flatMap((one, index): readonly Block[] => {
    const who = fix[index - 1]?.who === one.who ? '' : ` (${repairerName(one.who)})`;
    // What shows that several steps are done is run behind the last of them.
    const isRepeated = fix.slice(index + 1).some(({ verify }) => verify === one.verify);
    const groups = Map.groupBy(linesFor(one, programs), (line) => line.for);
    return [
      paragraph(`Fix: ${one.do}${who}`),
      ...[...groups].flatMap(([program, lines]) =>
        code(
          program,
          lines.map(({ text }) => text),
        ),
      ),
      ...(one.verify === null || isRepeated
        ? []
        : code('to see that it is done', [again(one.verify, called)])),
    ];
  });
}

export function untestedBlocks(report: CheckReport): readonly Block[] {
  const open = joined(report.findings.filter(({ state }) => state === 'not-tested'));
  if (open.length === 0) return [];
  const isShut = shutOf(report) !== undefined;
  return [
    heading(3, 'Not tested'),
    paragraph(isShut ? 'This check did not get through.' : 'This says nothing good or bad.'),
    ...list(
      open.map(({ finding, places }): Line => {
        const { id, title, severity, evidence, why, retryAt } = finding;
        const later = retryAt === null ? '' : ` Try again after ${showMoment(retryAt)}.`;
        const order = isShut ? logOrder(finding, report) : '';
        return [
          `${title} (`,
          { code: id },
          `, ${severity}): ${placesText(places)}: ${briefly(evidence[0] ?? why)}${later}${order === '' ? '' : ` ${order}`}`,
        ];
      }),
    ),
  ];
}

export function futureBlocks({ future, findings }: CheckReport, called: CalledWith): readonly Block[] {
  if (future === null) return [];
  const fresh = newRepairs(future.findings, findings);
  const title = heading(3, `Until ${showMoment(future.until)}, if nothing is renewed`);
  if (future.events.length === 0 && fresh.length === 0)
    return [title, paragraph('Nothing breaks by itself.')];
  return [
    title,
    ...future.events.flatMap(({ at, what, breaks, evidence, fix }): readonly Block[] => [
      heading(4, `${showMoment(at)}: ${what}`),
      ...(breaks.length === 0 ? [] : [paragraph(`Breaks: ${breaks.map(brokenName).join(', ')}`)]),
      ...code('seen', evidence),
      ...remedyBlocks(fix, new Set(), called),
    ]),
    ...list(
      fresh.map(
        ({ finding: { severity, state, title: what, id, evidence }, places }): Line => [
          'Then ',
          { strong: severity, tone: severityTones[severity] },
          `, ${stateWords[state]}: ${what} (`,
          { code: id },
          `): ${placesText(places)}: ${briefly(evidence[0] ?? '')}`,
        ],
      ),
    ),
  ];
}

/** Senders by what they look at; checks by their ids. */
function brokenName(broken: string): string {
  const sender = senders.find((one) => one === broken);
  return sender === undefined ? broken : `senders that look at ${senderNames[sender]}`;
}
