/** Words in clear that are taken for answers inside TLS (Exim CVE-2021-38371, curl CVE-2021-22947, CVE-2021-23222 …). */
import type { Attack } from '../cell.ts';
import { ambushes } from '../victim.ts';

export const responseInjection: Attack = {
  name: 'response-injection',
  cells: ambushes([
    {
      how: 'whole answers behind the go-ahead, in one segment',
      lies: ({ goAhead, bait, isUpgrade }) =>
        goAhead === ''
          ? undefined
          : {
              answer: (request, at) =>
                at === 'clear' && isUpgrade(request) ? { say: goAhead + bait, next: 'handshake' } : undefined,
            },
      weak: ['keepsLeftover'],
    },
    {
      how: 'a fragment without an end behind the go-ahead',
      lies: ({ goAhead, fragment, isUpgrade }) =>
        goAhead === ''
          ? undefined
          : {
              answer: (request, at) =>
                at === 'clear' && isUpgrade(request)
                  ? { say: goAhead + fragment, next: 'handshake' }
                  : undefined,
            },
      weak: ['keepsLeftover'],
    },
    {
      how: 'whole answers in a segment of their own, before the handshake',
      lies: ({ goAhead, bait, isUpgrade }) => ({
        answer: (request, at) =>
          at === 'clear' && isUpgrade(request) ? { say: goAhead, later: bait, next: 'handshake' } : undefined,
      }),
      weak: ['keepsLeftover', 'dawdles'],
    },
  ]),
  without: (role) => (role === 'server' || role === 'front' ? 'it asks nobody' : 'no such engine'),
};
