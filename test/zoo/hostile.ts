/** Every way in which a server of ours behaves as no real program does. */
import { endingCases } from './hostile/ends.ts';
import { flawCases } from './hostile/flaws.ts';
import { mailboxCases } from './hostile/mailboxes.ts';
import { oldTlsCases } from './hostile/old-tls.ts';
import type { HostileCase } from './hostile-case.ts';

export const hostileCases: readonly HostileCase[] = [
  ...endingCases,
  ...flawCases,
  ...mailboxCases,
  ...oldTlsCases,
];
