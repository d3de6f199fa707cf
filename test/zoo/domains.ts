/** Domains of the lab that are checked, and the day for which they are judged. */

import { checkDomains } from '../lab/zones/checks.ts';
import { mailDomains } from '../lab/zones/mail.ts';
import { zones } from '../lab/zones.ts';

export interface CheckedDomain {
  /** In the table; of domains that are judged for a later day it says so. */
  readonly name: string;
  readonly domain: string;
  readonly shows: string;
  /** Days from now for which it is judged. */
  readonly days: number;
}

/** Zones without mail of their own, for the ways to be signed. */
const signings = [
  'rsasha1.test',
  'no-ds.test',
  'ds-wrong.test',
  'ds-other-algorithm.test',
  'expired.test',
  'never-signed.test',
  '150.test',
];

function now(domain: string, shows: string): CheckedDomain {
  return { name: domain, domain, shows, days: 0 };
}

export const checkedDomains: readonly CheckedDomain[] = [
  now('nothing-here.test', 'no such domain'),
  now('u000.test', 'delegated to servers that know nothing of it'),
  ...[...checkDomains, ...mailDomains].map(({ name, shows }) => now(name, shows)),
  ...zones.filter(({ name }) => signings.includes(name)).map(({ name, shows }) => now(name, shows)),
  {
    name: 'hardened.test in 85 days',
    domain: 'hardened.test',
    shows: 'all that a domain can do, later',
    days: 85,
  },
];
