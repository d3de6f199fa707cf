/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const daneChecks = {} as const satisfies Catalogue;
