/** A client of one way into TLS, joined to a server of the other: streams that are off by one (Opossum, CVE-2025-49812). */
import type { Attack, Cell } from '../cell.ts';
import { assaults, heardBy } from '../defender.ts';
import { honest, inside, SECRET } from '../dialect.ts';
import { ambushes } from '../victim.ts';

/** How an alert of TLS begins: the answer to what is no ClientHello. */
const ALERT = '\x15\x03';

const atServers: readonly Cell[] = assaults([
  {
    how: 'behind the request for TLS there is no second greeting',
    weak: ['greetsTwice'],
    occasion: ({ protocol, greeting, greetsInside }) =>
      greeting(honest) !== '' && !greetsInside && protocol !== 'mysql',
    async attack({ come }) {
      const client = await come();
      await client.upgrade();
      const said = await client.hear();
      return said === '' ? undefined : `it says inside TLS, unasked: ${said}`;
    },
  },
  {
    how: 'a ClientHello at the port that begins in clear',
    weak: ['takesEither'],
    async attack({ come, dialect, backend }) {
      const client = await come();
      if (dialect.greeting(honest) !== '') await client.answer('greeting');
      if (!(await client.secure())) return undefined;
      if (dialect.protocol !== 'postgres') return 'there is TLS without a request for it';
      // PostgreSQL has TLS from the first octet, for whoever names the protocol (ALPN).
      client.say(dialect.loginInside);
      await client.hear();
      return heardBy(backend).includes(SECRET) ? 'TLS without a name of the protocol' : undefined;
    },
  },
  {
    how: 'words in clear at the port where TLS comes first',
    weak: ['takesEither'],
    async attack({ come, dialect, defender }) {
      const client = await come(defender.tlsPort);
      client.say((dialect.ask ?? '') + dialect.login);
      const said = await client.hear();
      return said === '' || said.startsWith(ALERT) ? undefined : `it answers in clear: ${said}`;
    },
  },
]);

export const opossum: Attack = {
  name: 'opossum',
  cells: [
    ...atServers,
    ...ambushes([
      {
        how: 'the greeting of the port with TLS comes inside',
        lies: ({ greeting, greetsInside, askInside }) =>
          greeting(honest) === '' || greetsInside || askInside === null
            ? undefined
            : { insideFirst: { say: greeting(inside) } },
        weak: ['takesAnyPositive'],
      },
    ]),
  ],
  without: (_role, protocol) => {
    if (protocol === 'sieve') return 'both ways begin alike';
    if (protocol === 'mysql') return 'the greeting is in clear, always';
    return ['ldap', 'xmpp', 'xmpp-server', 'postgres'].includes(protocol)
      ? 'the server does not speak first'
      : 'no such engine';
  },
};
