/** An advice as a person reads it: where the domain is, and what to do next, with what is to be pasted. */
import type { AdviceReport } from '../../events/advice.ts';
import { again, type CalledWith, withoutOptions } from '../check/again.ts';
import { highlighted, labelled, type Mark, marked, marks, page, titled, verbatim } from '../check/page.ts';
import { counted, repairerName, showMoment } from '../check/words.ts';
import type { Look } from '../terminal.ts';

type Step = AdviceReport['steps'][number];
type Standing = AdviceReport['standing'][number];

/** All of it, ending in a line break. @param called with which options, as the commands to paste have them, too. */
export function formatAdvice(advice: AdviceReport, look: Look, called: CalledWith = withoutOptions): string {
  return page([
    headLines(advice, look),
    standingLines(advice, look),
    ...advice.steps.map((step, index) => stepLines(step, index + 1, called, look)),
    endLines(advice, look),
  ]);
}

function headLines({ domain, nothing, next, steps, at }: AdviceReport, look: Look): readonly string[] {
  const when = ` (as of ${showMoment(at)})`;
  if (nothing !== null) return titled(`Advice for ${domain}`, `: none, as ${nothing}${when}.`, look);
  const done = steps.filter(({ state }) => state === 'done').length;
  const step = steps.find(({ id }) => id === next);
  const what =
    step !== undefined
      ? `${done} of ${counted(steps.length, 'step')} done; next is ${step.title} (${step.id})`
      : done === steps.length
        ? 'everything is done'
        : `${done} of ${counted(steps.length, 'step')} done; what comes next cannot be told from here`;
  return titled(`Advice for ${domain}`, `: ${what}${when}.`, look);
}

const STANDING_MARKS: Readonly<Record<Standing['state'], Mark>> = {
  done: marks.good,
  partly: marks.weak,
  missing: marks.none,
  broken: marks.bad,
  unknown: marks.unknown,
};

const NAMES: Readonly<Record<Standing['what'], string>> = {
  tls: 'TLS of the mail hosts',
  'tls-rpt': 'reports (TLS-RPT)',
  'mta-sts': 'MTA-STS',
  dnssec: 'DNSSEC',
  dane: 'DANE',
};

function standingLines({ standing }: AdviceReport, look: Look): readonly string[] {
  if (standing.length === 0) return [];
  return [
    ...titled('where it stands', ':', look),
    ...standing.flatMap(({ what, state, says }) =>
      marked(STANDING_MARKS[state], `${NAMES[what]}: ${state}. ${says}.`, look),
    ),
  ];
}

const STEP_COLOURS = { done: 'green', now: 'yellow', later: 'dim', blocked: 'red' } as const;

function stepLines(step: Step, number: number, called: CalledWith, look: Look): readonly string[] {
  const { id, title, state, because, why, do: remedies, wait } = step;
  const head = highlighted(
    `step ${number}, ${state}: ${title} (${id})`,
    state,
    STEP_COLOURS[state],
    look,
    '',
    '  ',
  );
  const said = labelled('', `${upper(because)}.`, look, '  ');
  if (state === 'done') return [...head, ...said];
  return [
    ...head,
    ...said,
    ...labelled('so:', why, look, '  '),
    ...remedies.flatMap((remedy, index) => remedyLines(remedy, index, { state, called }, look)),
    ...(wait === null ? [] : labelled('then:', `wait ${spanOf(wait.hours)}: ${wait.because}.`, look, '  ')),
  ];
}

function remedyLines(
  { who, do: order, lines, verify }: Step['do'][number],
  index: number,
  { state, called }: { readonly state: Step['state']; readonly called: CalledWith },
  look: Look,
): readonly string[] {
  // What comes later is shown so that one can prepare, and never looks like something to do now.
  const mark = state === 'now' ? `${String.fromCharCode(97 + (index % 26))})` : 'later)';
  return [
    ...labelled(mark, `${order} (${repairerName(who)})`, look, '  '),
    ...lines.flatMap((line, at) => [
      ...(lines[at - 1]?.for === line.for ? [] : [verbatim(`${line.for}:`, look, '       ')]),
      verbatim(line.text, look, '         '),
    ]),
    ...(verify === null ? [] : [verbatim(`check: ${again(verify, called)}`, look, '       ')]),
  ];
}

/** Hours as people count them; a file that is waited for is never waited for too shortly. */
function spanOf(hours: number): string {
  if (hours < 48 || hours % 24 !== 0) return counted(hours, 'hour');
  return `${counted(hours / 24, 'day')} (${counted(hours, 'hour')})`;
}

/** A sentence begins with a capital, and the name of a host or an id stays as it is. */
function upper(text: string): string {
  if (/^[^\s.]+\.[^\s.]/.test(text)) return text;
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function endLines({ steps, domain, next }: AdviceReport, look: Look): readonly string[] {
  if (steps.length === 0) return [];
  const when = next === null ? 'whenever something changes' : 'after each step';
  return titled('then', `: ask again ${when}: waxwing advise ${domain}`, look);
}
