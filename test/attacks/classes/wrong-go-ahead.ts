/** Positive answers to the request for TLS that are not the one which the RFC names. */
import type { Attack } from '../cell.ts';
import { ambushes, onUpgrade } from '../victim.ts';

export const wrongGoAhead: Attack = {
  name: 'wrong-go-ahead',
  cells: ambushes([
    {
      how: 'a yes that is not the one of the RFC',
      lies: (dialect) =>
        dialect.wrongGoAhead === null
          ? undefined
          : onUpgrade(dialect, { say: dialect.wrongGoAhead, next: 'handshake' }),
      weak: ['takesAnyPositive'],
    },
  ]),
  without: (role, protocol) =>
    role === 'server' || role === 'front'
      ? 'a matter of clients'
      : protocol === 'mysql'
        ? 'there is no go-ahead'
        : 'no such engine',
};
