/** TLS inside TLS: a second request for it, and the offer of a backend that would lead to one. RFC 3207 §4.2. */
import { goesAhead } from '../assailant.ts';
import type { Attack } from '../cell.ts';
import { assaults, heardBy } from '../defender.ts';
import { honest } from '../dialect.ts';

export const secondUpgrade: Attack = {
  name: 'second-upgrade',
  cells: assaults([
    {
      how: 'a second request for TLS is refused, and not passed on',
      weak: ['upgradesTwice'],
      occasion: ({ goAhead }) => goAhead !== '',
      async attack({ come, dialect, backend }) {
        const client = await come();
        await client.upgrade();
        if (dialect.greetsInside) await client.answer('greeting');
        if (dialect.protocol.startsWith('xmpp') && dialect.ask !== null) {
          client.say(dialect.ask);
          await client.answer('offers');
        }
        client.say(dialect.upgrade);
        const answer = await client.hear();
        if (heardBy(backend).includes(dialect.upgrade)) return 'the backend was asked for TLS';
        return answer !== '' && goesAhead(dialect, answer) ? `it goes ahead: ${answer}` : undefined;
      },
    },
    {
      how: 'the TLS of the backend is not offered inside TLS',
      weak: ['passesOffers'],
      roles: ['server', 'front'],
      behind: () => ({ offersInClear: honest }),
      occasion: ({ protocol, ask, greetsInside }) => protocol !== 'ftp' && (ask !== null || greetsInside),
      async attack({ come, dialect }) {
        const client = await come();
        await client.upgrade();
        let said = dialect.greetsInside ? await client.answer('greeting') : '';
        const ask = dialect.askInside ?? dialect.ask;
        if (ask !== null) {
          client.say(ask);
          said += await client.answer('offers');
        }
        return dialect.offersStartTls(said) ? `TLS is offered again: ${said}` : undefined;
      },
    },
  ]),
  without: (role, protocol) => {
    if (role === 'client' || role === 'reverse') return 'it asks once';
    return protocol === 'mysql' ? 'there is no such request' : 'mail comes in by SMTP only';
  },
};
