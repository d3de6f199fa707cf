/** All classes of attacks, in the order of the table. */
import type { Attack } from './cell.ts';
import { responseInjection } from './classes/response-injection.ts';

export const attacks: readonly Attack[] = [responseInjection];
