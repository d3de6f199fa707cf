/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const tlsrptChecks = {} as const satisfies Catalogue;
