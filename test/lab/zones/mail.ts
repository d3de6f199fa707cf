/** Every domain that gets mail, as zones and questions. */
import { ask, type Question, type Verdict } from '../question.ts';
import type { Zone } from '../zone.ts';
import { checkDomains } from './checks.ts';
import { adviseDomains } from './mail-advise.ts';
import { daneDomains, oddDomains } from './mail-dane.ts';
import type { MailDomain } from './mail-domain.ts';
import { stsDomains } from './mail-sts.ts';

export const mailDomains: readonly MailDomain[] = [...daneDomains, ...oddDomains, ...stsDomains];

/** With those that only advice is about: the mail servers have mailboxes of them, and certificates for their hosts. */
export const servedDomains: readonly MailDomain[] = [...mailDomains, ...adviseDomains];

/** With those whose records are wrong in other ways: every domain that may have a policy. */
export const allMailDomains: readonly MailDomain[] = [...servedDomains, ...checkDomains];

export const mailZones: readonly Zone[] = allMailDomains.map(({ name, shows, zone }) => ({
  name,
  shows,
  server: 'leaf',
  ...zone,
}));

export const mailQuestions: readonly Question[] = [
  ...allMailDomains.flatMap(({ name, shows, zone, policy }) => {
    const status = zone.signing === undefined ? 'insecure' : 'secure';
    const found: Verdict = `${status} found`;
    const hasMx = zone.records.some((line) => line.startsWith('@ MX '));
    const mx = hasMx ? found : (`${status} no-data` as const);
    return [
      ask(name, 'MX', name === 'mx-bogus.test' ? 'bogus' : mx, shows),
      ...(zone.records.some((line) => line.startsWith('_mta-sts TXT '))
        ? [ask(`_mta-sts.${name}`, 'TXT', found, `${shows}: its record`)]
        : []),
      ...(policy === undefined ? [] : [ask(`mta-sts.${name}`, 'A', found, `${shows}: where its policy is`)]),
    ];
  }),
  ask('mx.dane-ee.test', 'A', 'secure found', 'DANE: the address of the host'),
  ask('mx.dane-ee.test', 'AAAA', 'secure no-data', 'DANE: no address of IPv6'),
  ask('_25._tcp.mx.dane-ee.test', 'TLSA', 'secure found', 'DANE: TLSA'),
  ask('_25._tcp.mx.dane-ta.test', 'TLSA', 'secure found', 'DANE: two TLSA records of an authority'),
  ask('_25._tcp.mx2.dane-mixed.test', 'TLSA', 'secure no-name', 'DANE: none for the second host'),
  ask('_25._tcp.mx.dane-unusable.test', 'TLSA', 'secure found', 'TLSA records that nobody can use'),
  ask('_25._tcp.mx.dane-alias.test', 'TLSA', 'secure found', 'TLSA behind a CNAME'),
  ask('_25._tcp.mx.dane-alias-unsigned.test', 'TLSA', 'insecure found', 'TLSA behind an unsigned end'),
  ask('mx.dane-host-alias.test', 'A', 'secure found', 'an MX host that is a CNAME'),
  ask('_25._tcp.mx.dane-bogus.test', 'TLSA', 'bogus', 'TLSA with a bad signature'),
  ask('_25._tcp.mx.dane-unproven.test', 'TLSA', 'bogus', 'no TLSA, and no proof of that'),
  ask('_25._tcp.implicit.test', 'TLSA', 'secure found', 'TLSA of a domain that is its own host'),
  ask('mx1.address-bogus.test', 'A', 'bogus', 'an address with a bad signature'),
  ask('nothing.no-host.test', 'A', 'secure no-name', 'an MX host that does not exist'),
  ask('mx1.no-address.test', 'A', 'secure no-data', 'an MX host without an address'),
  ask('plain.test', 'TLSA', 'insecure no-data', 'an unsigned domain'),
];
