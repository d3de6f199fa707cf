/** What a profile came to, as a person reads it: what is not met first. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Look } from '../terminal.ts';
import { labelled, type Mark, marked, marks, titled } from './page.ts';
import { inOrder, isEnding, type Requirement, requirementWords, summaryOf } from './profile-words.ts';
import { briefly, counted, listed, placesText } from './words.ts';

type Place = Requirement['places'][number];

/** Lines of evidence of one requirement; the rest is among the details. */
const FEW = 3;

/** @param isWhole whether what is met is told with its evidence, too. */
export function profileLines({ profile }: CheckReport, isWhole: boolean, look: Look): readonly string[] {
  if (profile === undefined || profile.requirements.length === 0) return [];
  const { name, title, requirements } = profile;
  const { inside, open, met, inapplicable, outside } = inOrder(requirements);
  const rest = isWhole ? [...met, ...inapplicable] : [];
  return [
    ...titled(`profile ${name}`, `, ${title}: ${summaryOf(inside)}`, look),
    ...[...open, ...rest].flatMap((one) => lines(one, isWhole, look)),
    ...(isWhole ? [] : brief('met', met, look)),
    ...(isWhole ? [] : brief('not applicable', inapplicable, look)),
    ...outside.flatMap(({ title: what, clause, places }) =>
      labelled('outside of this check:', `${what} (${clause}): ${places[0]?.evidence[0] ?? ''}.`, look, '  '),
    ),
  ];
}

const stateMarks: Readonly<Record<Requirement['state'], Mark>> = {
  met: marks.good,
  'not-met': marks.bad,
  'not-tested': marks.unknown,
  'not-applicable': marks.none,
};

function lines(one: Requirement, isWhole: boolean, look: Look): readonly string[] {
  const { id, title, clause, state, severity, places, ahead } = one;
  const told = places.filter((place) => place.state === state);
  const isBrief = !isWhole && state === 'not-tested';
  const groups = [...Map.groupBy(told, ({ evidence }) => JSON.stringify(evidence)).values()];
  const shown = isWhole ? groups : groups.slice(0, isBrief ? 1 : FEW);
  const later = ahead === null || ahead === state ? '' : `, then ${requirementWords[ahead]}`;
  const mark = isEnding(one) ? marks.bad : stateMarks[state];
  return [
    ...marked(mark, `${requirementWords[state]}${later} (${severity}): ${title} (${id})`, look),
    ...shown.flatMap((group) => placeLines(group, isWhole ? Infinity : isBrief ? 1 : FEW, look)),
    ...(groups.length > shown.length && !isBrief
      ? labelled('', `${counted(groups.length - shown.length, 'place')} more with --details`, look, '    ')
      : []),
    ...(isBrief ? [] : labelled('see:', clause, look, '    ')),
  ];
}

/** Places of which the same is said. */
function placeLines(group: readonly Place[], most: number, look: Look): readonly string[] {
  const [first] = group;
  if (first === undefined) return [];
  const [head = '', ...further] = first.evidence.slice(0, most).map(briefly);
  return [
    ...labelled('', `${placesText(group.map(({ scope }) => scope))}: ${head}`, look, '    '),
    ...further.flatMap((line) => labelled('', line, look, '      ')),
  ];
}

function brief(label: string, some: readonly Requirement[], look: Look): readonly string[] {
  return some.length === 0 ? [] : labelled(`${label}:`, `${listed(some.map(({ id }) => id))}.`, look, '  ');
}
