/** The requirements of a profile in the order and the words in which people are told of them. */
import type { CheckProfile } from '../../events/check-profile.ts';
import { counted } from './words.ts';

export type Requirement = CheckProfile['requirements'][number];

export const requirementWords: Readonly<Record<Requirement['state'], string>> = {
  met: 'met',
  'not-met': 'not met',
  'not-tested': 'not tested',
  'not-applicable': 'not applicable',
};

export interface InOrder {
  /** All that this check can see. */
  readonly inside: readonly Requirement[];
  /** What is not met, then what ends until --fail-at, then what was not tested. */
  readonly open: readonly Requirement[];
  readonly met: readonly Requirement[];
  readonly inapplicable: readonly Requirement[];
  readonly outside: readonly Requirement[];
}

export function inOrder(requirements: readonly Requirement[]): InOrder {
  const inside = requirements.filter(({ outside }) => !outside);
  const having = (state: Requirement['state']): readonly Requirement[] =>
    inside.filter((one) => one.state === state && !isEnding(one));
  return {
    inside,
    open: [...having('not-met'), ...inside.filter(isEnding), ...having('not-tested')],
    met: having('met'),
    inapplicable: having('not-applicable'),
    outside: requirements.filter(({ outside }) => outside),
  };
}

/** Whether it holds now, and will not at the moment of --fail-at. */
export function isEnding({ state, ahead }: Requirement): boolean {
  return state === 'met' && ahead === 'not-met';
}

/** `2 of 9 requirements met, 3 not met, 4 not tested.` */
export function summaryOf(inside: readonly Requirement[]): string {
  const count = (state: Requirement['state']): number => inside.filter((one) => one.state === state).length;
  const others = (['not-met', 'not-tested', 'not-applicable'] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${requirementWords[state]}`);
  return `${[`${count('met')} of ${counted(inside.length, 'requirement')} met`, ...others].join(', ')}.`;
}
