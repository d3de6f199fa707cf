/** A client that speaks STARTTLS, joined to a port where TLS comes first: a greeting inside TLS (Opossum, CVE-2025-49812). */
import type { Attack } from '../cell.ts';
import { honest, inside } from '../dialect.ts';
import { ambushes } from '../victim.ts';

export const opossum: Attack = {
  name: 'opossum',
  cells: ambushes([
    {
      how: 'the greeting of the port with TLS comes inside',
      lies: ({ greeting, greetsInside, askInside }) =>
        greeting(honest) === '' || greetsInside || askInside === null
          ? undefined
          : { insideFirst: { say: greeting(inside) } },
      weak: ['takesAnyPositive'],
    },
  ]),
  without: (role, protocol) => {
    if (role === 'server' || role === 'front') return 'only the client can tell';
    if (protocol === 'sieve') return 'both ways begin alike';
    if (protocol === 'mysql') return 'the greeting is in clear, always';
    return ['ldap', 'xmpp', 'xmpp-server', 'postgres'].includes(protocol)
      ? 'the server does not speak first'
      : 'no such engine';
  },
};
