/** An end of TCP in the middle of an answer, taken for the end of the answer. */
import type { Attack } from '../cell.ts';
import { type Dialect, EVIL, type Offers } from '../dialect.ts';
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

export const truncation: Attack = {
  name: 'truncation',
  cells: ambushes([
    {
      how: 'half an answer inside TLS, then an end of TCP alone',
      lies: half,
      weak: ['takesTruncated', 'takesAnyPositive'],
    },
  ]),
  without: (role, protocol) => {
    if (role === 'client' || role === 'reverse')
      return ['ldap', 'xmpp', 'xmpp-server', 'postgres', 'mysql'].includes(protocol)
        ? 'nothing is asked inside before the login'
        : 'no such engine';
    return 'no such engine';
  },
};
