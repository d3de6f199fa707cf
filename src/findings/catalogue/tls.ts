/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const tlsChecks = {} as const satisfies Catalogue;
