/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const smtpChecks = {} as const satisfies Catalogue;
