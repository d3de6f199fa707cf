/** An attacker who cannot read TLS breaks it, and hopes for a second try with less. */
import type { Attack } from '../cell.ts';
import { ambushes, onUpgrade } from '../victim.ts';

/** A fatal alert, handshake_failure (RFC 8446 §6.2). */
const ALERT = '\x15\x03\x03\x00\x02\x02\x28';

export const tlsDowngrade: Attack = {
  name: 'tls-downgrade',
  cells: ambushes([
    {
      how: 'the handshake is broken off by an alert',
      lies: (dialect) => onUpgrade(dialect, { say: dialect.goAhead, later: ALERT, next: 'stall' }),
      weak: ['comesBackInClear'],
    },
    {
      how: 'the connection is broken off behind the go-ahead',
      lies: (dialect) => onUpgrade(dialect, { say: dialect.goAhead, next: 'close' }),
      weak: ['comesBackInClear'],
    },
    {
      how: 'TLS 1.1 at most',
      lies: () => ({ tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } }),
      weak: ['takesOldTls'],
    },
  ]),
  without: (role) =>
    role === 'server' || role === 'front'
      ? 'TLS 1.1: net/server/starttls, for every listener'
      : 'no such engine',
};
