/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const mailboxChecks = {} as const satisfies Catalogue;
