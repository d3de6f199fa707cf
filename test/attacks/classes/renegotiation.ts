/** A second handshake within TLS (CVE-2009-3555). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack, Cell } from '../cell.ts';
import { assaults } from '../defender.ts';
import { type Dialect, SECRET } from '../dialect.ts';
import type { Conversation } from '../twins/toy-server.ts';
import { ambushes } from '../victim.ts';

/** The login has begun. */
function hasBegun({ requestsInside }: Conversation, { loginInside }: Dialect): boolean {
  return requestsInside.some((request) => loginInside.startsWith(request) || request.includes(SECRET));
}

const atServers: readonly Cell[] = assaults([
  {
    how: 'the client begins a new handshake (TLS 1.2)',
    weak: ['renegotiates'],
    async attack({ come }) {
      const client = await come();
      await client.upgrade({ maxVersion: 'TLSv1.2' });
      return (await client.renegotiate()) ? 'there was a second handshake' : undefined;
    },
  },
]);

export const renegotiation: Attack = {
  name: 'renegotiation',
  cells: [
    ...atServers,
    ...ambushes([
      {
        how: 'the server begins a new handshake (TLS 1.2)',
        // The login is not answered, so that there is time.
        lies: ({ loginInside }) => ({
          tls: { maxVersion: 'TLSv1.2' },
          answer: (request, at) =>
            at === 'inside' && (loginInside.startsWith(request) || request.includes(SECRET))
              ? { say: '' }
              : undefined,
        }),
        weak: ['renegotiates'],
        patienceMs: 2_000,
        async during(server, dialect) {
          for (let waited = 0; waited < 200; waited++) {
            const [conversation] = server.conversations;
            if (conversation !== undefined && hasBegun(conversation, dialect)) {
              conversation.secure?.renegotiate({}, (error) => {
                if (error === null) conversation.renegotiated = true;
              });
              return;
            }
            await sleep(10);
          }
        },
        judge({ conversations, told, dialect }) {
          if (conversations.some(({ renegotiated }) => renegotiated))
            return { kind: 'hit', how: 'there was a second handshake' };
          return conversations.some((one) => hasBegun(one, dialect))
            ? { kind: 'withstood' }
            : { kind: 'stopped', because: told };
        },
      },
    ]),
  ],
  without: () => 'no such engine',
};
