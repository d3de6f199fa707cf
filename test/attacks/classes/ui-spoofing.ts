/** Words of whoever is on the path, shown to people as the server's own. */
import type { Attack } from '../cell.ts';
import { EVIL } from '../dialect.ts';
import { type Aftermath, ambushes, anyHit, lastInClear, onOffers, onUpgrade, wordsOnly } from '../victim.ts';

const ESCAPE = '\x1b[2J';

export const uiSpoofing: Attack = {
  name: 'ui-spoofing',
  cells: ambushes([
    {
      how: '[ALERT] in clear',
      lies: (dialect) => onOffers(dialect, { say: `* OK [ALERT] ${EVIL}\r\n${lastInClear(dialect)}` }),
      weak: ['showsClearWords'],
      judge: wordsOnly,
      only: ['imap'],
    },
    {
      how: 'a refusal with words that move the cursor',
      lies: (dialect) =>
        dialect.refusal !== null && dialect.refusalHasWords
          ? onUpgrade(dialect, { say: dialect.refusal(`no${ESCAPE}${EVIL}`) })
          : undefined,
      weak: ['showsClearWords'],
      judge: (after) =>
        shown(after).includes('\x1b') ? { kind: 'hit', how: 'control characters are shown' } : anyHit(after),
    },
    {
      how: 'an error in clear (libpq CVE-2024-10977)',
      lies: (dialect) =>
        dialect.refusal === null ? undefined : onUpgrade(dialect, { say: dialect.refusal(EVIL) }),
      weak: ['showsClearWords'],
      judge: (after) =>
        shown(after).includes(EVIL) ? { kind: 'hit', how: 'the error is shown' } : anyHit(after),
      only: ['postgres'],
    },
  ]),
  without: (role, protocol) => {
    if (role === 'server' || role === 'front') return 'a matter of clients';
    if (role === 'relay') return 'no such engine';
    return protocol === 'mysql' || protocol.startsWith('xmpp') ? 'a no has no words' : 'no such engine';
  },
};

function shown({ told, believed }: Aftermath): string {
  return told + believed;
}
