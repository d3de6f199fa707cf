/** The offer of TLS taken away, written over, or answered with a no (curl CVE-2021-22946, smtplib CVE-2016-0772). */
import type { Attack } from '../cell.ts';
import type { Dialect, Offers } from '../dialect.ts';
import type { Lies } from '../twins/toy-server.ts';
import { ambushes, lastInClear, onUpgrade } from '../victim.ts';

/** The same offers without TLS, where the protocol has any, and where that makes a difference. */
function instead(dialect: Dialect, startTls: 'absent' | 'masked'): Lies | undefined {
  const offers: Offers = { startTls, extra: '' };
  if (dialect.offersStartTls('')) return undefined;
  const same = lastInClear(dialect, offers) === lastInClear(dialect, { ...offers, startTls: 'absent' });
  return same && startTls === 'masked' ? undefined : { offersInClear: offers };
}

export const stripping: Attack = {
  name: 'stripping',
  cells: ambushes([
    {
      how: 'the offer is taken away',
      lies: (dialect) => instead(dialect, 'absent'),
      weak: ['goesOnInClear'],
    },
    {
      how: 'the offer is written over, as firewalls do',
      lies: (dialect) => instead(dialect, 'masked'),
      weak: ['goesOnInClear'],
    },
    {
      how: 'the request is answered with a no',
      lies: (dialect) =>
        dialect.refusal === null ? undefined : onUpgrade(dialect, { say: dialect.refusal('not now') }),
      weak: ['goesOnInClear'],
    },
    {
      how: 'the request is answered with N',
      lies: (dialect) => onUpgrade(dialect, { say: 'N' }),
      weak: ['goesOnInClear'],
      only: ['postgres'],
    },
  ]),
  without: (role) => (role === 'server' || role === 'front' ? 'a matter of clients' : 'no such engine'),
};
