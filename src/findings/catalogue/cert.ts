/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const certChecks = {} as const satisfies Catalogue;
