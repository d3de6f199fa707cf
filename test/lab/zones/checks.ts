/**
 * Domains whose records are wrong in a way that matters to those who read them, not to whether mail gets there: one for each.
 *
 * Their mail hosts are those of other domains of the lab, whose certificates have those names.
 */
import { signed } from '../zone.ts';
import { type MailDomain, POLICY_HOST, type ServedPolicy, secure } from './mail-domain.ts';

type Row = readonly [name: string, shows: string, records: readonly string[]];

const MX = '@ MX 10 mx.plain.test.';
const SPF = '@ TXT "v=spf1 mx -all"';
const DMARC = '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@reports.test"';
const RPT = '_smtp._tls TXT "v=TLSRPTv1; rua=https://reports.test/tls"';
const rest = [MX, SPF, DMARC, RPT] as const;

/** All but one of the usual records, and what stands in its place. */
function instead(usual: (typeof rest)[number], ...lines: readonly string[]): readonly string[] {
  return [...rest.filter((one) => one !== usual), ...lines];
}

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
  ['caa-good', 'says which authority may issue', [...rest, '@ CAA 0 issue "ca.example.net"']],
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
    'rpt-same',
    'TLS-RPT by mail to the domain itself',
    instead(RPT, '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:x@rpt-same.test"'),
  ],
];

const tlsa: readonly Row[] = [
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

type PolicyRow = readonly [
  name: string,
  shows: string,
  served: ServedPolicy | null,
  records?: readonly string[],
];

function text(...lines: readonly string[]): ServedPolicy {
  return { text: [...lines, ''].join('\r\n') };
}

const STS = '_mta-sts TXT "v=STSv1; id=1;"';
const good = ['version: STSv1', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 2419200'] as const;

const policies: readonly PolicyRow[] = [
  ['policy-good', 'MTA-STS as it should be', text(...good)],
  [
    'policy-testing',
    'MTA-STS only looks on',
    text('version: STSv1', 'mode: testing', 'mx: mx.plain.test', 'max_age: 2419200'),
  ],
  ['policy-off', 'MTA-STS is off', text('version: STSv1', 'mode: none', 'max_age: 2419200')],
  [
    'policy-short',
    'MTA-STS is kept for an hour',
    text('version: STSv1', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 3600'),
  ],
  [
    'policy-long',
    'MTA-STS is kept for longer than there may be',
    text('version: STSv1', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 99999999'),
  ],
  ['policy-no-age', 'MTA-STS without max_age', text('version: STSv1', 'mode: enforce', 'mx: mx.plain.test')],
  ['policy-no-mode', 'MTA-STS without mode', text('version: STSv1', 'mx: mx.plain.test', 'max_age: 2419200')],
  ['policy-no-mx', 'MTA-STS enforce without mx', text('version: STSv1', 'mode: enforce', 'max_age: 2419200')],
  [
    'policy-star',
    'MTA-STS with a pattern that nobody may use',
    text('version: STSv1', 'mode: enforce', 'mx: *', 'max_age: 2419200'),
  ],
  ['policy-unused', 'MTA-STS with a name that is no MX', text(...good, 'mx: old.policy-unused.test')],
  ['policy-uncovered', 'MTA-STS without the second MX', text(...good), [STS, '@ MX 20 mx.sts.test.']],
  [
    'policy-other',
    'MTA-STS for other hosts',
    text('version: STSv1', 'mode: enforce', 'mx: mx.elsewhere.test', 'max_age: 2419200'),
  ],
  [
    'policy-version',
    'MTA-STS of another version',
    text('version: STSv2', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 2419200'),
  ],
  ['policy-bom', 'MTA-STS behind a byte order mark', { text: `\uFEFF${[...good, ''].join('\r\n')}` }],
  ['policy-lf', 'MTA-STS with LF', { text: [...good, ''].join('\n') }],
  ['policy-twice', 'MTA-STS with max_age twice', text(...good, 'max_age: 86400')],
  ['policy-words', 'MTA-STS as words', text('hello', 'there')],
  ['policy-500', 'MTA-STS: the policy host is broken', { status: 500, text: 'no' }],
  ['policy-type', 'MTA-STS as text/markdown', { ...text(...good), type: 'text/markdown' }],
  ['policy-gone', 'a record of MTA-STS, and no policy host', null, [STS]],
  ['policy-alone', 'a policy of MTA-STS, and no record', text(...good), []],
  [
    'policy-record-id',
    'a record of MTA-STS with an id of other characters',
    text(...good),
    ['_mta-sts TXT "v=STSv1; id=2026-01-01;"'],
  ],
  ['policy-record-no-id', 'a record of MTA-STS without an id', text(...good), ['_mta-sts TXT "v=STSv1;"']],
  [
    'policy-record-version',
    'a record of MTA-STS of another version',
    text(...good),
    ['_mta-sts TXT "v=STSv2; id=1;"'],
  ],
  ['policy-record-words', 'a record of MTA-STS that is none', text(...good), ['_mta-sts TXT "v=STSv1 id=1"']],
  ['policy-record-place', 'a record of MTA-STS at the domain', text(...good), ['@ TXT "v=STSv1; id=1;"']],
  [
    'policy-record-alias',
    'a record of MTA-STS behind a CNAME',
    text(...good),
    ['_mta-sts CNAME _sts', '_sts TXT "v=STSv1; id=1;"'],
  ],
];

function withPolicy([name, shows, policy, records = [STS]]: PolicyRow): MailDomain {
  const host = policy === null ? [] : [`mta-sts A $${POLICY_HOST}`];
  return {
    name: `${name}.test`,
    shows,
    hosts: {},
    zone: { records: [...rest, ...host, ...records] },
    ...(policy === null ? {} : { policy }),
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
  ...policies.map(withPolicy),
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
    policy: text('version: STSv1', 'mode: enforce', 'mx: mx.dane-ee.test', 'max_age: 2419200'),
  },
];
