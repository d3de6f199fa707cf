/** Peers that hold or fill whoever waits for them. */
import type { Attack } from '../cell.ts';
import type { Protocol } from '../dialect.ts';
import { holdAndFill } from '../hold-and-fill.ts';
import { type Aftermath, ambushes, anyHit, atFirst, onOffers, onUpgrade } from '../victim.ts';

const patienceMs = 500;
const weak = ['endlessPatience'] as const;

/** A beginning that promises more than anybody may keep: a length of 2 GiB, a tag without an end. */
const PROMISE: Readonly<Partial<Record<Protocol, string>>> = {
  ldap: '\x30\x84\x7f\xff\xff\xff',
  postgres: 'E\x7f\xff\xff\xff',
  mysql: '\xff\xff\xff\0',
  xmpp: '<?xml ',
  'xmpp-server': '<?xml ',
};

/** The beginning of a list, and one more of its lines. */
const LIST: Readonly<Partial<Record<Protocol, readonly [string, string]>>> = {
  smtp: ['', '250-X\r\n'],
  lmtp: ['', '250-X\r\n'],
  imap: ['', '* CAPABILITY X\r\n'],
  pop3: ['+OK\r\n', 'X\r\n'],
  nntp: ['101 list\r\n', 'X\r\n'],
  ftp: ['211-list\r\n', ' X\r\n'],
  sieve: ['', '"X" "Y"\r\n'],
};

/** A record of 16 KB that begins a handshake and never comes to its end. */
const RECORD = `\x16\x03\x03\x40\x00\x02${'\0'.repeat(200)}`;

/** More requests for TLS than one. */
function loops({ conversations, dialect }: Aftermath): number {
  return conversations.reduce((sum, { plain }) => sum + plain.split(dialect.upgrade).length - 1, 0);
}

export const exhaustion: Attack = {
  name: 'exhaustion',
  cells: [
    ...holdAndFill,
    ...ambushes([
      {
        how: 'silence where an answer should be',
        lies: (dialect) => atFirst(dialect, { say: '', next: 'stall' }),
        weak,
        patienceMs,
      },
      {
        how: 'an octet now and then',
        lies: (dialect) =>
          atFirst(dialect, { say: PROMISE[dialect.protocol] ?? '', next: 'drip', unit: 'x' }),
        weak,
        patienceMs,
      },
      {
        how: 'a line or message without end',
        lies: (dialect) =>
          atFirst(dialect, { say: PROMISE[dialect.protocol] ?? '', next: 'flood', unit: 'x' }),
        weak,
        patienceMs,
      },
      {
        how: 'a list without end',
        lies: (dialect) => {
          const list = LIST[dialect.protocol];
          if (list === undefined) return undefined;
          const [say, unit] = list;
          return onOffers(dialect, { say, next: 'flood', unit });
        },
        weak,
        patienceMs,
      },
      {
        how: 'silence in the handshake',
        lies: (dialect) => onUpgrade(dialect, { say: dialect.goAhead, next: 'stall' }),
        weak,
        patienceMs,
      },
      {
        how: 'a handshake octet by octet',
        lies: (dialect) => onUpgrade(dialect, { say: dialect.goAhead, next: 'drip', unit: RECORD }),
        weak,
        patienceMs,
      },
      {
        how: 'a no, as often as it is asked',
        lies: (dialect) =>
          dialect.refusal === null || dialect.protocol.startsWith('xmpp')
            ? undefined
            : onUpgrade(dialect, { say: dialect.refusal('no') }),
        weak: ['asksAgain'],
        judge: (after) =>
          loops(after) > 1 ? { kind: 'hit', how: `it asks ${loops(after)} times` } : anyHit(after),
      },
    ]),
  ],
  without: () => 'no such engine',
};
