/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const connChecks = {} as const satisfies Catalogue;
