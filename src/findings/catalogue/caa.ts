/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const caaChecks = {} as const satisfies Catalogue;
