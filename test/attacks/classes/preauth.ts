/** A greeting that says that the login is done (Thunderbird CVE-2020-12398, Mutt CVE-2020-14093, fetchmail CVE-2021-39272). */
import type { Attack } from '../cell.ts';
import { ambushes } from '../victim.ts';

const greeting = { say: '* PREAUTH [CAPABILITY IMAP4rev1] welcome back\r\n' } as const;

export const preauth: Attack = {
  name: 'preauth',
  cells: ambushes([
    {
      how: 'PREAUTH, and no STARTTLS is offered',
      lies: () => ({ greeting, offersInClear: { startTls: 'absent', extra: '' } }),
      weak: ['takesAnyPositive', 'goesOnInClear'],
      only: ['imap'],
    },
    {
      how: 'PREAUTH, and STARTTLS is offered against RFC 9051 §6.2.1',
      lies: () => ({ greeting }),
      weak: ['takesAnyPositive'],
      only: ['imap'],
    },
  ]),
  without: (role, protocol) => {
    if (protocol !== 'imap') return 'no greeting logs anybody in';
    return role === 'relay' ? 'no such engine' : 'a matter of clients';
  },
};
