/** A server in clear that sends the client, and its login, to another one. */
import type { Attack } from '../cell.ts';
import { referral } from '../dialects/ldap.ts';
import { type Ambush, ambushes, atFirst, onOffers, onUpgrade } from '../victim.ts';

const common = { weak: ['followsReferrals'], elsewhere: true } as const satisfies Partial<Ambush>;
const ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';

export const referrals: Attack = {
  name: 'referrals',
  cells: ambushes([
    {
      ...common,
      how: 'BYE with a referral in place of the greeting',
      lies: (dialect, port) =>
        atFirst(dialect, { say: `* BYE [REFERRAL imap://127.0.0.1:${port}/] go there\r\n`, next: 'close' }),
      only: ['imap'],
    },
    {
      ...common,
      how: 'NO with a referral in answer to STARTTLS',
      lies: (dialect, port) =>
        onUpgrade(dialect, { say: `w2 NO [REFERRAL imap://127.0.0.1:${port}/] go there\r\n` }),
      only: ['imap'],
    },
    {
      ...common,
      how: 'BYE with a referral in place of the greeting',
      lies: (dialect, port) =>
        atFirst(dialect, { say: `BYE (REFERRAL "sieve://127.0.0.1:${port}") "go"\r\n`, next: 'close' }),
      only: ['sieve'],
    },
    {
      ...common,
      how: 'BYE with a referral in answer to STARTTLS',
      lies: (dialect, port) =>
        onUpgrade(dialect, { say: `BYE (REFERRAL "sieve://127.0.0.1:${port}") "go"\r\n`, next: 'close' }),
      only: ['sieve'],
    },
    {
      ...common,
      how: 'a referral in answer to StartTLS',
      lies: (dialect, port) => onUpgrade(dialect, { say: referral(`ldap://127.0.0.1:${port}/`) }),
      only: ['ldap'],
    },
    {
      ...common,
      how: 'see-other-host in place of the features',
      lies: (dialect, port) =>
        onOffers(dialect, {
          say: `${streamOf(dialect)}<stream:error><see-other-host xmlns='${ERRORS}'>127.0.0.1:${port}</see-other-host></stream:error></stream:stream>`,
          next: 'close',
        }),
      only: ['xmpp', 'xmpp-server'],
    },
  ]),
  without: (role, protocol) => {
    if (role === 'server' || role === 'front') return 'a matter of clients';
    return ['imap', 'sieve', 'ldap', 'xmpp', 'xmpp-server'].includes(protocol)
      ? 'no such engine'
      : 'the protocol has none';
  },
};

/** The header alone. */
function streamOf({ bait }: { readonly bait: string }): string {
  return bait.slice(0, bait.indexOf('<stream:features>'));
}
