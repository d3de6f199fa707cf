/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const sendersChecks = {} as const satisfies Catalogue;
