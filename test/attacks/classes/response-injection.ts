/** Words in clear that are taken for answers inside TLS (Exim CVE-2021-38371, curl CVE-2021-22947, libpq CVE-2021-23222). */
import type { Attack } from '../cell.ts';
import { ambushes, lastInClear, onOffers, onUpgrade, together } from '../victim.ts';

export const responseInjection: Attack = {
  name: 'response-injection',
  cells: ambushes([
    {
      how: 'whole answers behind the go-ahead, in one segment',
      // MySQL has no go-ahead.
      lies: (dialect) =>
        dialect.goAhead === ''
          ? undefined
          : onUpgrade(dialect, { say: dialect.goAhead + dialect.bait, next: 'handshake' }),
      weak: ['keepsLeftover'],
    },
    {
      how: 'a fragment without an end behind the go-ahead',
      lies: (dialect) =>
        dialect.goAhead === ''
          ? undefined
          : onUpgrade(dialect, { say: dialect.goAhead + dialect.fragment, next: 'handshake' }),
      weak: ['keepsLeftover'],
    },
    {
      how: 'whole answers in a segment of their own, before the handshake',
      lies: (dialect) => onUpgrade(dialect, { say: dialect.goAhead, later: dialect.bait, next: 'handshake' }),
      weak: ['keepsLeftover', 'dawdles'],
    },
    {
      how: 'the go-ahead before it was asked for (Ruby Net::IMAP CVE-2026-42246)',
      lies: (dialect) => {
        const last = lastInClear(dialect);
        if (last === '' || dialect.goAhead === '') return undefined;
        return together(
          onUpgrade(dialect, { say: '', next: 'handshake' }),
          onOffers(dialect, { say: last + dialect.goAhead }),
        );
      },
      weak: ['keepsLeftover'],
    },
    {
      how: 'an answer behind the greeting, in one segment',
      lies: (dialect) => onOffers(dialect, { say: lastInClear(dialect) + dialect.bait }),
      weak: ['keepsLeftover'],
      only: ['mysql'],
    },
  ]),
  without: (role) => (role === 'server' || role === 'front' ? 'it asks nobody' : 'no such engine'),
};
