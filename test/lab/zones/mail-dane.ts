/** Domains that get mail, one for each case of DANE, and for each that is odd without it. */
import { removed, spoiled } from '../build/edits.ts';
import { nsec3, signed } from '../zone.ts';
import { type MailDomain, secure } from './mail-domain.ts';

/** TLSA data that is filled in when the zones are built; see `build/certificates.ts`. */
const key = (server: 'postfix' | 'exim' | 'opensmtpd'): string => `TLSA 3 1 1 <${server} key>`;
const STRANGE = '1'.repeat(64);

export const daneDomains: readonly MailDomain[] = [
  {
    name: 'dane-ee.test',
    shows: 'DANE-EE: the TLSA record is the key of Postfix',
    hosts: { postfix: ['mx.dane-ee.test'] },
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx',
        'mx A $25',
        `_25._tcp.mx ${key('postfix')}`,
        '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls-reports@reports.test"',
      ],
    },
  },
  {
    name: 'dane-ta.test',
    shows: 'DANE-TA: the TLSA records are the authority of Exim’s certificate, as key and whole',
    hosts: { exim: ['mx.dane-ta.test'] },
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx',
        'mx A $26',
        '_25._tcp.mx TLSA 2 1 1 <authority key>',
        '_25._tcp.mx TLSA 2 0 1 <authority certificate>',
      ],
    },
  },
  {
    name: 'dane-nsec3.test',
    shows: 'DANE in a zone with NSEC3, on OpenSMTPD',
    hosts: { opensmtpd: ['mx.dane-nsec3.test'] },
    zone: {
      signing: signed({ denial: nsec3() }),
      records: ['@ MX 10 mx', 'mx A $27', `_25._tcp.mx ${key('opensmtpd')}`],
    },
  },
  {
    name: 'dane-mixed.test',
    shows: 'two MX hosts: DANE for the first, none for the second',
    hosts: { postfix: ['mx1.dane-mixed.test'], opensmtpd: ['mx2.dane-mixed.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx1', '@ MX 20 mx2', 'mx1 A $25', 'mx2 A $27', `_25._tcp.mx1 ${key('postfix')}`],
    },
  },
  {
    name: 'dane-rollover.test',
    shows: 'the TLSA records of the old key and of the new one',
    hosts: { postfix: ['mx.dane-rollover.test'] },
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx',
        'mx A $25',
        `_25._tcp.mx TLSA 3 1 1 ${STRANGE}`,
        `_25._tcp.mx ${key('postfix')}`,
      ],
    },
  },
  {
    name: 'dane-mismatch.test',
    shows: 'the TLSA record fits no certificate: no mail goes there',
    hosts: { postfix: ['mx.dane-mismatch.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx A $25', `_25._tcp.mx TLSA 3 1 1 ${STRANGE}`] },
  },
  {
    name: 'dane-second.test',
    shows: 'the TLSA record of the first MX fits nothing, that of the second does',
    hosts: { postfix: ['mx1.dane-second.test'], exim: ['mx2.dane-second.test'] },
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx1',
        '@ MX 20 mx2',
        'mx1 A $25',
        'mx2 A $26',
        `_25._tcp.mx1 TLSA 3 1 1 ${STRANGE}`,
        `_25._tcp.mx2 ${key('exim')}`,
      ],
    },
  },
  {
    name: 'dane-pkix.test',
    shows: 'RFC 7672 §3.1.3: only usages 0 and 1, which mean nothing here: TLS without a name',
    hosts: { postfix: ['mx.dane-pkix.test'] },
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx',
        'mx A $25',
        '_25._tcp.mx TLSA 1 1 1 <postfix key>',
        '_25._tcp.mx TLSA 0 1 1 <authority key>',
      ],
    },
  },
  {
    name: 'dane-unusable.test',
    shows: 'unknown selector and matching type, and a digest that is too short',
    hosts: { postfix: ['mx.dane-unusable.test'] },
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx',
        'mx A $25',
        `_25._tcp.mx TLSA 3 9 1 ${STRANGE}`,
        `_25._tcp.mx TLSA 3 1 9 ${STRANGE}`,
        '_25._tcp.mx TLSA 3 1 1 aabbcc',
      ],
    },
  },
  {
    name: 'dane-alias.test',
    shows: 'the TLSA record is behind a CNAME',
    hosts: { postfix: ['mx.dane-alias.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx', 'mx A $25', '_25._tcp.mx CNAME _dane', `_dane ${key('postfix')}`],
    },
  },
  {
    name: 'dane-alias-unsigned.test',
    shows: 'the TLSA record is behind a CNAME to an unsigned zone: as if there were none',
    hosts: { postfix: ['mx.dane-alias-unsigned.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx', 'mx A $25', '_25._tcp.mx CNAME _25._tcp.mail.unsigned.test.'],
    },
  },
  {
    name: 'dane-host-alias.test',
    shows: 'the MX host is a CNAME; the TLSA record is at its target',
    hosts: { postfix: ['mx.dane-host-alias.test', 'mx.dane-ee.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx CNAME mx.dane-ee.test.'] },
  },
  {
    name: 'dane-no-starttls.test',
    shows: 'DANE, and somebody on the way who takes STARTTLS out: no mail goes there',
    hosts: { stripped: ['mx.dane-no-starttls.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx A $29', `_25._tcp.mx ${key('postfix')}`] },
  },
  {
    name: 'dane-intercepted.test',
    shows: 'DANE, and somebody on the way who shows a certificate of his own: no mail goes there',
    hosts: { intercepted: ['mx.dane-intercepted.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx A $30', `_25._tcp.mx ${key('postfix')}`] },
  },
  {
    name: 'half-dane.test',
    shows: 'an unsigned domain whose MX host is signed and has a TLSA record',
    hosts: { postfix: ['mx.dane-ee.test'] },
    zone: { records: ['@ MX 10 mx.dane-ee.test.'] },
  },
  {
    name: 'dane-host-unsigned.test',
    shows: 'a signed domain whose MX host is in an unsigned zone: no DANE',
    hosts: { postfix: ['mail.unsigned.test'] },
    zone: { ...secure, records: ['@ MX 10 mail.unsigned.test.'] },
  },
  {
    name: 'dane-bogus.test',
    shows: 'the TLSA record has a bad signature: no mail goes there',
    hosts: { postfix: ['mx.dane-bogus.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx', 'mx A $25', `_25._tcp.mx ${key('postfix')}`],
      edits: [spoiled('_25._tcp.mx', 'TLSA')],
    },
  },
  {
    name: 'dane-unproven.test',
    shows: 'no TLSA record, and the proof of that is gone: no mail goes there',
    hosts: { postfix: ['mx.dane-unproven.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx', 'mx A $25', '_25._tcp.mx TXT "not a TLSA record"'],
      edits: [removed('_25._tcp.mx', 'NSEC')],
    },
  },
  {
    name: 'implicit.test',
    shows: 'no MX: the domain itself is the host, with a TLSA record',
    hosts: { postfix: ['implicit.test'] },
    zone: { ...secure, records: ['@ A $25', `_25._tcp ${key('postfix')}`] },
  },
];

export const oddDomains: readonly MailDomain[] = [
  {
    name: 'mx-bogus.test',
    shows: 'the MX records have a bad signature: no mail goes there',
    hosts: { postfix: ['mx.mx-bogus.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx A $25'], edits: [spoiled('@', 'MX')] },
  },
  {
    name: 'address-bogus.test',
    shows: 'the address of the first MX host has a bad signature, the second is good',
    hosts: { postfix: ['mx1.address-bogus.test'], exim: ['mx2.address-bogus.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx1', '@ MX 20 mx2', 'mx1 A $25', 'mx2 A $26'],
      edits: [spoiled('mx1', 'A')],
    },
  },
  {
    name: 'null-mx.test',
    shows: 'RFC 7505: the domain takes no mail',
    hosts: {},
    zone: { ...secure, records: ['@ MX 0 .', '@ A $25'] },
  },
  {
    name: 'no-host.test',
    shows: 'the MX host does not exist',
    hosts: {},
    zone: { ...secure, records: ['@ MX 10 nothing'] },
  },
  {
    name: 'no-address.test',
    shows: 'the first MX host has no address, the second is good',
    hosts: { postfix: ['mx2.no-address.test'] },
    zone: { ...secure, records: ['@ MX 10 mx1', '@ MX 20 mx2', 'mx1 TXT "no address"', 'mx2 A $25'] },
  },
  {
    name: 'dead.test',
    shows: 'nobody listens at the MX host',
    hosts: { nobody: ['mx.dead.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx A $28'] },
  },
  {
    name: 'plain.test',
    shows: 'unsigned, no policy: opportunistic TLS',
    hosts: { postfix: ['mx.plain.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $25'] },
  },
  {
    name: 'plain-stripped.test',
    shows: 'unsigned, no policy, and somebody on the way who takes STARTTLS out: mail goes in clear',
    hosts: { stripped: ['mx.plain-stripped.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $29'] },
  },
  {
    name: 'signed-plain.test',
    shows: 'signed, no TLSA records, no policy',
    hosts: { exim: ['mx.signed-plain.test'] },
    zone: { ...secure, records: ['@ MX 10 mx', 'mx A $26'] },
  },
];
