/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const starttlsChecks = {} as const satisfies Catalogue;
