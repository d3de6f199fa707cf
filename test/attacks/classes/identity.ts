/** Certificates that do not prove who is there (Geary CVE-2020-24661, Trojitá CVE-2020-15047). */
import type { Attack } from '../cell.ts';
import { ambushes, certificates } from '../victim.ts';

export const identity: Attack = {
  name: 'identity',
  cells: ambushes(
    (
      [
        ['for another name', certificates.otherName],
        ['of an authority that nobody knows', certificates.ofStranger],
        ['self-signed', certificates.selfSigned],
        ['expired', certificates.expired],
      ] as const
    ).map(([what, certificate]) => ({
      how: `a certificate ${what}`,
      certificate,
      lies: () => ({}),
      weak: ['trustsAnyone'],
    })),
  ),
  without: (role) => (role === 'server' || role === 'front' ? 'a matter of clients' : 'no such engine'),
};
