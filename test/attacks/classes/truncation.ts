/** An end of TCP in the middle of something, taken for its end. */
import type { Attack, Cell } from '../cell.ts';
import { assaults, heardBy } from '../defender.ts';
import { type Dialect, EVIL, type Offers } from '../dialect.ts';
import { beginMessage, isMail, takesMail } from '../mail.ts';
import type { Lies } from '../twins/toy-server.ts';
import { ambushes } from '../victim.ts';

const evil: Offers = { startTls: 'absent', extra: EVIL };

/** Half of the first answer inside TLS, and an end without TLS's own. */
function half(dialect: Dialect): Lies | undefined {
  if (dialect.greetsInside) return { insideFirst: { say: cut(dialect.greeting(evil)), next: 'abort' } };
  if (dialect.askInside === null) return undefined;
  return {
    answer(request, at) {
      const answer = dialect.answer(request, evil);
      return at === 'inside' && answer.includes(EVIL) ? { say: cut(answer), next: 'abort' } : undefined;
    },
  };
}

const cut = (answer: string): string => answer.slice(0, answer.indexOf(EVIL) + EVIL.length);

const atServers: readonly Cell[] = assaults([
  {
    how: 'a request without its end, then an end of TCP alone',
    weak: ['takesTruncated'],
    occasion: ({ probe }) => probe(EVIL).endsWith('\r\n'),
    async attack({ come, dialect, backend, hasBackend }) {
      const client = await come();
      await client.upgrade();
      if (dialect.greetsInside) await client.answer('greeting');
      client.say(dialect.probe(EVIL).slice(0, -2));
      await client.hear();
      client.cutOff();
      const answer = await client.hear();
      if (heardBy(backend).includes(dialect.probe(EVIL)))
        return 'half a request was passed on as a whole one';
      return !hasBackend && answer.startsWith('2') ? `half a request was run: ${answer}` : undefined;
    },
  },
  {
    how: 'a message without its end, then an end of TCP alone',
    weak: ['takesTruncated'],
    behind: takesMail,
    occasion: isMail,
    async attack({ come, dialect, backend, defender }) {
      const client = await come();
      await client.upgrade();
      await beginMessage(client, dialect);
      client.say('Subject: half\r\n\r\nPay them 1000\r\n');
      await client.hear();
      client.cutOff();
      await client.hear();
      if (/\r\n\.\r\n/.test(heardBy(backend))) return 'half a message was passed on as a whole one';
      return defender.taken.length > 0 ? 'half a message was taken' : undefined;
    },
  },
]);

export const truncation: Attack = {
  name: 'truncation',
  cells: [
    ...atServers,
    ...ambushes([
      {
        how: 'half an answer inside TLS, then an end of TCP alone',
        lies: half,
        weak: ['takesTruncated', 'takesAnyPositive'],
      },
    ]),
  ],
  without: (role, protocol) => {
    if (role === 'client' || role === 'reverse')
      return ['ldap', 'xmpp', 'xmpp-server', 'postgres', 'mysql'].includes(protocol)
        ? 'nothing is asked inside before the login'
        : 'no such engine';
    return 'its messages have lengths, or elements their ends';
  },
};
