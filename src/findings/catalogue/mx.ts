/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const mxChecks = {} as const satisfies Catalogue;
