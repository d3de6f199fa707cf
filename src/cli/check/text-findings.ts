/** What to repair, what could not be tested, and what is fine, as a person reads it. */
import type { CheckReport } from '../../events/check-report.ts';
import { type Sender, senders } from '../../findings/senders.ts';
import type { Look } from '../terminal.ts';
import { type CalledWith, checkOptions } from './again.ts';
import { needsOf } from './needs.ts';
import { highlighted, labelled, marked, marks, titled, verbatim } from './page.ts';
import { type Joined, joined, type Repair, repairsOf, wishesOf } from './repairs.ts';
import { logOrder, shutOf } from './shut.ts';
import {
  hiddenPrograms,
  isCheck,
  keyOf,
  programsOf,
  type RemedyTerms,
  remedyLines,
} from './text-remedies.ts';
import { newRepairs } from './verdict.ts';
import {
  briefly,
  counted,
  everydaySenders,
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
  const options = checkOptions(called);
  const isShort = options !== '' && checksOf(repairs).length > FEW_COMMANDS;
  const lines = repairs.flatMap((repair, index) => {
    const terms = { programs, called, indent: '     ', shown: new Map(shown), isShort };
    for (const fix of repair.finding.fix) if (!shown.has(keyOf(fix))) shown.set(keyOf(fix), index + 1);
    return oneRepair(repair, index + 1, terms, look);
  });
  const hidden = hiddenPrograms(
    repairs.flatMap(({ finding }) => finding.fix),
    programs,
  );
  const isMoved = repairs.some(({ first }) => first.length > 0);
  return [
    ...titled('to fix', isMoved ? ', in this order:' : ', the worst first:', look),
    ...lines,
    ...(hidden.length === 0
      ? []
      : labelled('', `--json has the lines for ${listed(hidden)}, too.`, look, '  ')),
    ...(isShort
      ? [
          verbatim('add to each "waxwing check" above, as in this check:', look, '  '),
          verbatim(options, look, '         '),
        ]
      : []),
  ];
}

/** Up to so many commands have their options at length. */
const FEW_COMMANDS = 2;

function checksOf(repairs: readonly Repair[]): readonly string[] {
  return repairs.flatMap(({ finding }) =>
    finding.fix.flatMap(({ verify }) => (verify !== null && isCheck(verify) ? [verify] : [])),
  );
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

/** What keeps senders from proving more, where nothing is wrong with it: a line each. */
export function betterLines(report: CheckReport, look: Look): readonly string[] {
  const { target, findings } = report;
  const inTheWay = new Set(senders.flatMap((sender) => missing(report, sender)));
  const wishes = wishesOf(findings).filter(({ finding }) => inTheWay.has(finding.id));
  if (wishes.length === 0) return [];
  // Advice is for domains.
  const isDomain = !/[:[]/.test(target);
  return [
    ...titled('what would make it better', ', as some senders could prove more:', look),
    ...wishes.flatMap((wish) => wishLine(wish, look)),
    ...(isDomain ? labelled('', `waxwing advise ${target} says how, in a safe order.`, look, '  ') : []),
  ];
}

/** What may be had and is in nobody's way, a line each. */
export function wishLines(report: CheckReport, look: Look): readonly string[] {
  const inTheWay = new Set(senders.flatMap((sender) => missing(report, sender)));
  const wishes = wishesOf(report.findings).filter(({ finding }) => !inTheWay.has(finding.id));
  if (wishes.length === 0) return [];
  return [
    ...titled('to know', ', nothing of it has to be fixed:', look),
    ...wishes.flatMap((wish) => wishLine(wish, look)),
  ];
}

/** What an everyday sender would need to prove to whom it talks. */
function missing(report: CheckReport, sender: Sender): readonly string[] {
  const outcome = report.outcomes[sender];
  const isOpen = outcome !== undefined && outcome !== 'authenticated' && outcome !== 'unknown';
  return isOpen && everydaySenders.some((one) => one === sender)
    ? needsOf(report, sender).map(({ id }) => id)
    : [];
}

function wishLine({ finding: { id, state, title, evidence, why } }: Joined, look: Look): readonly string[] {
  return marked(marks.none, `${stateWords[state]}: ${title} (${id}): ${briefly(evidence[0] ?? why)}`, look);
}

/** What the page keeps to itself, and how to have it. */
export function moreLines({ findings }: CheckReport, look: Look): readonly string[] {
  const hasLines = wishesOf(findings).some(({ finding }) => finding.fix.length > 0);
  if (!hasLines) return [];
  const text =
    ': --details adds how to have what is not there yet, every check with its evidence, and what the servers said.';
  return titled('more', text, look);
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
      ...remedyLines(
        fix,
        { programs: new Set(), called, indent: '    ', shown: new Map(), isShort: false },
        look,
      ),
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
