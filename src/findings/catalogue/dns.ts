/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const dnsChecks = {} as const satisfies Catalogue;
