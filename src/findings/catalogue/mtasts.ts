/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const mtastsChecks = {} as const satisfies Catalogue;
