/**
 * Domains whose records are wrong in a way that matters to those who read them, not to whether mail gets there: one for each.
 *
 * Their mail hosts are those of other domains of the lab, whose certificates have those names.
 */
import { signed } from '../zone.ts';
import { policyDomains, policyText, STS } from './checks-policies.ts';
import { type MailDomain, POLICY_HOST, secure } from './mail-domain.ts';
import { DMARC, instead, MX, type Row, RPT, rest, SPF } from './usual-records.ts';

const mailHosts: readonly Row[] = [
  ['mx-null-beside', 'a null MX beside another', instead(MX, '@ MX 0 .', MX)],
  ['mx-localhost', 'an MX that leads to the sender itself', [...rest, '@ MX 20 localhost.']],
  ['mx-literal', 'an address in place of the name of an MX', [...rest, '@ MX 20 192.0.2.1.']],
  ['mx-dangling', 'an MX in a domain that nobody has', [...rest, '@ MX 20 mx.nobody-has-it.test.']],
  ['mx-wildcard', 'an MX for every name below', [...rest, '* MX 10 mx.plain.test.']],
  ['mx-twice', 'the same MX twice', [...rest, '@ MX 20 mx.plain.test.']],
  ['mx-two', 'two MX hosts, both good', [...rest, '@ MX 20 mx.sts.test.']],
  [
    'mx-many',
    'more MX hosts than anybody tries',
    [...rest, ...Array.from({ length: 14 }, (_, at) => `@ MX ${20 + at} mx${at}`), ...many()],
  ],
  ['mx-dead-first', 'nobody listens at the first MX', instead(MX, '@ MX 5 mx', 'mx A $28', MX)],
  ['mx-dead-second', 'nobody listens at the second MX', [...rest, '@ MX 20 mx', 'mx A $28']],
  [
    'mx-weak-second',
    'STARTTLS is stripped on the way to the second MX',
    [...rest, '@ MX 20 mx.plain-stripped.test.'],
  ],
  [
    'mx-token',
    'a token of a provider among the MX records',
    [...rest, '@ MX 32767 ms12345678.msv1.invalid.'],
  ],
  ['web-only', 'no MX, and nobody listens', ['@ A $28', '@ TXT "v=spf1 -all"']],
  ['parked', 'a null MX, and nothing else', ['@ MX 0 .']],
  [
    'parked-well',
    'takes and sends no mail, and says so',
    ['@ MX 0 .', '@ TXT "v=spf1 -all"', '_dmarc TXT "v=DMARC1; p=reject"'],
  ],
  [
    'mx-null-odd',
    'a null MX with a preference',
    ['@ MX 10 .', '@ TXT "v=spf1 -all"', '_dmarc TXT "v=DMARC1; p=reject"'],
  ],
  ['nothing', 'neither MX nor address', ['@ TXT "v=spf1 -all"']],
  [
    'caa-good',
    'says which authority may issue for the mail host',
    instead(MX, '@ MX 10 mx', 'mx A $25', '@ CAA 0 issue "ca.example.net"'),
  ],
  [
    'caa-critical',
    'a property of CAA that no authority knows',
    instead(MX, '@ MX 10 mx', 'mx A $25', '@ CAA 0 issue "ca.example.net"', '@ CAA 128 policy "none"'),
  ],
  [
    'caa-domain',
    'says which authority may issue, for its own names',
    [...rest, '@ CAA 0 issue "ca.example.net"'],
  ],
];

function many(): readonly string[] {
  return Array.from({ length: 14 }, (_, at) => `mx${at} A $25`);
}

const others: readonly Row[] = [
  ['records-good', 'every record as it should be', rest],
  ['spf-missing', 'no SPF', instead(SPF)],
  ['spf-two', 'two records of SPF', [...rest, '@ TXT "v=spf1 -all"']],
  ['spf-syntax', 'a mechanism that SPF does not have', instead(SPF, '@ TXT "v=spf1 mailhost:mx -all"')],
  ['spf-lookups', 'more than ten look-ups', instead(SPF, `@ TXT "v=spf1 ${'mx '.repeat(11)}-all"`)],
  [
    'spf-void',
    'look-ups that find nothing',
    instead(SPF, '@ TXT "v=spf1 a:n1.spf-void.test a:n2.spf-void.test a:n3.spf-void.test -all"'),
  ],
  ['spf-plus-all', 'everybody may send', instead(SPF, '@ TXT "v=spf1 mx +all"')],
  ['spf-neutral', 'SPF says nothing about others', instead(SPF, '@ TXT "v=spf1 mx ?all"')],
  ['spf-ptr', 'SPF by the names of addresses', instead(SPF, '@ TXT "v=spf1 mx ptr -all"')],
  ['dmarc-missing', 'no DMARC', instead(DMARC)],
  ['dmarc-two', 'two records of DMARC', [...rest, '_dmarc TXT "v=DMARC1; p=none"']],
  ['dmarc-syntax', 'a policy that DMARC does not have', instead(DMARC, '_dmarc TXT "v=DMARC1; p=refuse"')],
  [
    'dmarc-none',
    'DMARC only looks on',
    instead(DMARC, '_dmarc TXT "v=DMARC1; p=none; rua=mailto:d@dmarc-none.test"'),
  ],
  [
    'dmarc-pct',
    'DMARC for a part of the mail',
    instead(DMARC, '_dmarc TXT "v=DMARC1; p=reject; pct=20; rua=mailto:d@dmarc-pct.test"'),
  ],
  [
    'dmarc-testing',
    'DMARC as a test',
    instead(DMARC, '_dmarc TXT "v=DMARC1; p=reject; t=y; rua=mailto:d@dmarc-testing.test"'),
  ],
  [
    'dmarc-elsewhere',
    'DMARC reports to somebody who did not ask for them',
    instead(DMARC, '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@plain.test"'),
  ],
  [
    'bimi-words',
    'a logo that is none',
    [...rest, 'default._bimi TXT "v=BIMI1; l=http://bimi.test/logo.png"'],
  ],
  ['bimi', 'a logo', [...rest, 'default._bimi TXT "v=BIMI1; l=https://bimi.test/logo.svg"']],
  ['dkim-base', 'keys of DKIM below the domain', [...rest, 'sel._domainkey TXT "v=DKIM1; k=rsa; p=AAAA"']],
  ['rpt-missing', 'no TLS-RPT', instead(RPT)],
  ['rpt-two', 'two records of TLS-RPT', [...rest, '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:x@plain.test"']],
  [
    'rpt-syntax',
    'a record of TLS-RPT that nobody can read',
    instead(RPT, '_smtp._tls TXT "v=TLSRPTv1 rua=mailto:x@plain.test"'),
  ],
  ['rpt-no-rua', 'TLS-RPT without an address', instead(RPT, '_smtp._tls TXT "v=TLSRPTv1;"')],
  [
    'rpt-scheme',
    'TLS-RPT to an address of another kind',
    instead(RPT, '_smtp._tls TXT "v=TLSRPTv1; rua=ftp://reports.test/"'),
  ],
  [
    'rpt-undeliverable',
    'TLS-RPT to a domain that takes no mail',
    instead(RPT, '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:x@null-mx.test"'),
  ],
  [
    'rpt-place',
    'TLS-RPT at the wrong name',
    instead(
      RPT,
      '_tlsrpt TXT "v=TLSRPTv1; rua=https://reports.test/tls"',
      '@ TXT "v=TLSRPTv1; rua=https://reports.test/tls"',
    ),
  ],
  [
    'rpt-many',
    'TLS-RPT to many addresses',
    instead(
      RPT,
      `_smtp._tls TXT "v=TLSRPTv1; rua=${Array.from({ length: 6 }, (_, at) => `https://r${at}.test/`).join(',')}"`,
    ),
  ],
  [
    'rpt-same',
    'TLS-RPT by mail to the domain itself',
    instead(RPT, '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:x@rpt-same.test"'),
  ],
];

const tlsa: readonly Row[] = [
  [
    'tlsa-litter',
    'two TLSA records of keys that nobody shows beside the one that fits',
    [
      '_25._tcp.mx TLSA 3 1 1 <postfix key>',
      ...['2', '3'].map((digit) => `_25._tcp.mx TLSA 3 1 1 ${digit.repeat(64)}`),
    ],
  ],
  ['tlsa-certificate', 'TLSA of the whole certificate', ['_25._tcp.mx TLSA 3 0 1 <postfix certificate>']],
  [
    'tlsa-stale',
    'a TLSA record that fits nothing beside one that does',
    ['_25._tcp.mx TLSA 3 1 1 <postfix key>', `_25._tcp.mx TLSA 3 0 1 ${'2'.repeat(64)}`],
  ],
  ['tlsa-place', 'TLSA at the domain in place of the mail host', ['_25._tcp TLSA 3 1 1 <postfix key>']],
  [
    'tlsa-submission',
    'TLSA for the port of mail between servers alone',
    ['_25._tcp.mx TLSA 3 1 1 <postfix key>'],
  ],
  [
    'tlsa-pkix-beside',
    'a usage that means nothing here beside a good one',
    ['_25._tcp.mx TLSA 3 1 1 <postfix key>', '_25._tcp.mx TLSA 1 1 1 <postfix key>'],
  ],
  [
    'tlsa-dead-second',
    'TLSA for the first MX; the second has none, and nobody listens',
    ['_25._tcp.mx TLSA 3 1 1 <postfix key>', '@ MX 20 dead', 'dead A $28'],
  ],
];

/** Names that the certificate of Postfix has, so that these can be seen by their own. */
function withHost([name, shows, records]: Row): MailDomain {
  return {
    name: `${name}.test`,
    shows,
    hosts: {},
    zone: { signing: signed(), records: ['@ MX 10 mx', 'mx A $25', ...records, SPF, DMARC, RPT] },
  };
}

/** All of these are left out of the table of what becomes of mail: nothing that these records say decides about it. */
export const checkDomains: readonly MailDomain[] = [
  ...[...mailHosts, ...others].map(([name, shows, records]) => ({
    name: `${name}.test`,
    shows,
    hosts: {},
    zone: { records },
  })),
  ...tlsa.map(withHost),
  ...policyDomains,
  {
    name: 'tlsa-unsigned-address.test',
    shows: 'TLSA for a host that is an alias of one in an unsigned zone',
    hosts: {},
    zone: {
      ...secure,
      records: [
        SPF,
        DMARC,
        RPT,
        '@ MX 10 mx',
        'mx CNAME mail.unsigned.test.',
        '_25._tcp.mx TLSA 3 1 1 <postfix key>',
      ],
    },
  },
  {
    name: 'reports.test',
    shows: 'takes reports of others, and says that it does',
    hosts: {},
    zone: { records: [...rest, '*._report._dmarc TXT "v=DMARC1"'] },
  },
  {
    name: 'hardened.test',
    shows:
      'all that a domain can do for its mail: DANE, MTA-STS, TLS-RPT, SPF, DMARC, CAA, names of addresses',
    hosts: {},
    zone: {
      ...secure,
      records: [
        '@ MX 10 mx.dane-ee.test.',
        SPF,
        DMARC,
        '_smtp._tls TXT "v=TLSRPTv1; rua=https://reports.test/tls"',
        STS,
        `mta-sts A $${POLICY_HOST}`,
        '@ CAA 0 issue "ca.example.net"',
        'default._bimi TXT "v=BIMI1; l=https://bimi.test/logo.svg"',
        'imap A $160',
        '_imaps._tcp SRV 0 1 993 imap',
        '_imap._tcp SRV 0 1 143 imap',
        '_pop3s._tcp SRV 0 1 995 imap',
        '_pop3._tcp SRV 0 1 110 imap',
        '_submissions._tcp SRV 0 1 465 imap',
        '_submission._tcp SRV 0 1 587 imap',
        '_sieve._tcp SRV 0 1 4190 imap',
      ],
    },
    policy: policyText('version: STSv1', 'mode: enforce', 'mx: mx.dane-ee.test', 'max_age: 2419200'),
  },
];
