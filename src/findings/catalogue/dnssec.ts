/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const dnssecChecks = {} as const satisfies Catalogue;
