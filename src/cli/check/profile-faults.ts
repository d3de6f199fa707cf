/** What is wrong with a profile of one's own beside its form: choices that there are not, exceptions that leave nothing. */
import { checkIds } from '../../findings/catalogue.ts';
import { choiceNames, meansChoice, sizedKind } from '../../findings/profiles/choices.ts';
import { curveName } from '../../findings/profiles/facets.ts';
import { type Facet, isMeant, type LevelTable, levels } from '../../findings/profiles/profile.ts';
import { quote } from '../../names/domain.ts';
import { nearest } from '../config/suggest.ts';

/** What is wrong, at a path of keys and indexes. */
export interface MergeFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Choices of a table that no server can have, and would never be seen: what is meant by them would be insufficient. */
export function faultsOfLevels(
  facet: Facet,
  table: LevelTable,
  path: MergeFault['path'],
): readonly MergeFault[] {
  return levels.flatMap((level) =>
    (table[level] ?? []).flatMap((choice, index) =>
      meansChoice(facet, choice)
        ? []
        : [{ path: [...path, 'levels', level, index], message: whyNoChoice(facet, choice) }],
    ),
  );
}

function whyNoChoice(facet: Facet, choice: string): string {
  const kind = sizedKind(facet);
  const near = meantCurve(choice) ?? nearest(choice, choiceNames(facet));
  const [some = ''] = choiceNames(facet);
  const instead =
    near === undefined
      ? `such as ${some}${kind === undefined ? '' : `, or ${kind}>=3072`}`
      : `did you mean ${near}?`;
  return `${quote(choice)} is no ${facet} that there is; ${instead}`;
}

/** `EC P-256` by the name that tables have for it. */
function meantCurve(choice: string): string | undefined {
  const [, before = '', curve = ''] = /^(EC )?(.+)$/i.exec(choice) ?? [];
  const named = curveName(curve);
  return named === curve ? undefined : `${before}${named}`;
}

/** Exceptions that are none of what is looked at, and those that leave nothing of it. */
export function faultsOfExcept(
  ids: readonly string[],
  except: readonly string[],
  path: MergeFault['path'],
): readonly MergeFault[] {
  const at = [...path, 'except'];
  const strange = except.filter((one) => !ids.some((id) => isMeant(one, id) || isMeant(id, one)));
  const empty = ids.filter((id) => {
    const meant = checkIds.filter((known) => isMeant(known, id));
    return meant.length > 0 && meant.every((known) => except.some((one) => isMeant(known, one)));
  });
  return [
    ...strange.map((one) => ({ path: at, message: `${quote(one)} is none of the findings` })),
    ...empty.map((id) => ({ path: at, message: `leaves nothing of ${quote(id)} to look at` })),
  ];
}
