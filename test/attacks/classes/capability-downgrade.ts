/** What was offered in clear is acted on inside TLS. */
import type { Attack } from '../cell.ts';
import { EVIL, type Offers } from '../dialect.ts';
import { ambushes, lastInClear, wordsOnly } from '../victim.ts';

const evil: Offers = { startTls: 'offered', extra: EVIL };

export const capabilityDowngrade: Attack = {
  name: 'capability-downgrade',
  cells: ambushes([
    {
      how: 'a word among the offers in clear that is not among those inside',
      lies: (dialect) => (lastInClear(dialect, evil).includes(EVIL) ? { offersInClear: evil } : undefined),
      weak: ['keepsOffers'],
      judge: wordsOnly,
    },
  ]),
  without: (role, protocol) => {
    if (role === 'server' || role === 'front') return 'a matter of clients';
    if (protocol === 'ldap' || protocol === 'postgres') return 'nothing is offered in clear';
    return protocol === 'mysql' ? 'there is one greeting, in clear' : 'no such engine';
  },
};
