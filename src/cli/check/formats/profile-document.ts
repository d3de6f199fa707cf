/** What a profile came to, for a page: what is not met first, as on a terminal. */
import type { CheckProfile } from '../../../events/check-profile.ts';
import type { CheckReport } from '../../../events/check-report.ts';
import { inOrder, isEnding, type Requirement, requirementWords, summaryOf } from '../profile-words.ts';
import { briefly, listed, placesText } from '../words.ts';
import { type Block, heading, type Line, list, paragraph, type Tone, table } from './document.ts';

/** @param isWhole whether what is met is told with its evidence, too. */
export function profileBlocks({ profile }: CheckReport, isWhole: boolean): readonly Block[] {
  if (profile === undefined || profile.requirements.length === 0) return [];
  const { name, title, requirements } = profile;
  const { inside, open, met, inapplicable, outside } = inOrder(requirements);
  const shown = isWhole ? [...open, ...met, ...inapplicable] : open;
  const head = ['requirement', 'state', 'severity', 'what has to hold', 'where and what was seen', 'clause'];
  return [
    heading(3, 'Profile ', { code: name }),
    paragraph(`${title}: ${summaryOf(inside)}`),
    ...table(`Requirements of ${name}`, head, shown.map(rowOf)),
    ...(isWhole ? [] : [...brief('Met', met), ...brief('Not applicable', inapplicable)]),
    ...list(
      outside.map(
        ({ title: what, clause, places }): Line => [
          `Outside of this check: ${what} (${clause}): ${places[0]?.evidence[0] ?? ''}.`,
        ],
      ),
    ),
  ];
}

const tones: Readonly<Record<Requirement['state'], Tone>> = {
  met: 'good',
  'not-met': 'bad',
  'not-tested': 'weak',
  'not-applicable': 'plain',
};

function rowOf(one: Requirement): readonly Line[] {
  const { id, state, severity, title, clause, ahead } = one;
  const later = ahead === null || ahead === state ? '' : `, then ${requirementWords[ahead]}`;
  return [
    [{ code: id }],
    [{ strong: requirementWords[state], tone: isEnding(one) ? 'bad' : tones[state] }, later],
    [severity],
    [title],
    [seenText(one)],
    [clause],
  ];
}

/** Each piece of evidence with its places. */
function seenText({ state, places }: CheckProfile['requirements'][number]): string {
  const told = places.filter((place) => place.state === state);
  const groups = Map.groupBy(told, ({ evidence }) => evidence.map(briefly).join('; '));
  return [...groups]
    .map(([evidence, some]) => {
      const where = placesText(some.map(({ scope }) => scope));
      return where === '' ? evidence : `${where}: ${evidence}`;
    })
    .join('; ');
}

function brief(label: string, some: readonly Requirement[]): readonly Block[] {
  return some.length === 0 ? [] : [paragraph(`${label}: ${listed(some.map(({ id }) => id))}.`)];
}
