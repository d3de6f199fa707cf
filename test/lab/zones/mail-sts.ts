/** Domains that get mail, one for each case of MTA-STS. */
import { type MailDomain, POLICY_HOST, type ServedPolicy, secure } from './mail-domain.ts';

function policy(mode: 'enforce' | 'testing' | 'none', mx: readonly string[]): ServedPolicy {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), 'max_age: 86400', ''];
  return { text: lines.join('\r\n') };
}

/** The records that say where a policy is (RFC 8461 §3.1) and who wants reports (RFC 8460 §3). */
function sts(id: string): string[] {
  return [
    `_mta-sts TXT "v=STSv1; id=${id};"`,
    `mta-sts A $${POLICY_HOST}`,
    '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls-reports@reports.test"',
  ];
}

export const stsDomains: readonly MailDomain[] = [
  {
    name: 'sts.test',
    shows: 'MTA-STS enforce on OpenSMTPD, unsigned',
    hosts: { opensmtpd: ['mx.sts.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $27', ...sts('20260101T000000')] },
    policy: policy('enforce', ['mx.sts.test']),
  },
  {
    name: 'sts-wildcard.test',
    shows: 'MTA-STS enforce with a pattern',
    hosts: { exim: ['mx.sts-wildcard.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $26', ...sts('1')] },
    policy: policy('enforce', ['*.sts-wildcard.test']),
  },
  {
    name: 'sts-testing.test',
    shows: 'MTA-STS testing, and a policy that the MX host does not fit: mail goes, a report too',
    hosts: { exim: ['mx.sts-testing.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $26', ...sts('1')] },
    policy: policy('testing', ['other.sts-testing.test']),
  },
  {
    name: 'sts-none.test',
    shows: 'MTA-STS none',
    hosts: { exim: ['mx.sts-none.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $26', ...sts('1')] },
    policy: policy('none', []),
  },
  {
    name: 'sts-mismatch.test',
    shows: 'MTA-STS enforce, and the policy does not name the MX host: no mail goes there',
    hosts: { exim: ['mx.sts-mismatch.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $26', ...sts('1')] },
    policy: policy('enforce', ['other.sts-mismatch.test']),
  },
  {
    name: 'sts-stripped.test',
    shows: 'MTA-STS enforce, and somebody on the way who takes STARTTLS out: no mail goes there',
    hosts: { stripped: ['mx.sts-stripped.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $29', ...sts('1')] },
    policy: policy('enforce', ['mx.sts-stripped.test']),
  },
  {
    name: 'sts-intercepted.test',
    shows: 'MTA-STS enforce, and somebody on the way who shows a certificate of his own: no mail goes there',
    hosts: { intercepted: ['mx.sts-intercepted.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $30', ...sts('1')] },
    policy: policy('enforce', ['mx.sts-intercepted.test']),
  },
  {
    name: 'sts-and-dane.test',
    shows: 'both: DANE decides, signed',
    hosts: { postfix: ['mx.sts-and-dane.test'] },
    zone: {
      ...secure,
      records: ['@ MX 10 mx', 'mx A $25', '_25._tcp.mx TLSA 3 1 1 <postfix key>', ...sts('1')],
    },
    policy: policy('enforce', ['mx.sts-and-dane.test']),
  },
  ...failing(),
  {
    name: 'sts-two-records.test',
    shows: 'MTA-STS: two records, which count as none (RFC 8461 §3.1)',
    hosts: { exim: ['mx.sts-two-records.test'] },
    zone: { records: ['@ MX 10 mx', 'mx A $26', ...sts('1'), '_mta-sts TXT "v=STSv1; id=2;"'] },
    policy: policy('enforce', ['other.test']),
  },
];

/** Domains whose record promises a policy that cannot be had, for each reason. */
function failing(): MailDomain[] {
  const good = (name: string): ServedPolicy => policy('enforce', [`mx.${name}.test`]);
  const kinds: readonly (readonly [name: string, shows: string, served: ServedPolicy])[] = [
    ['sts-missing', 'the policy is not there (404)', { status: 404, text: 'nothing here' }],
    [
      'sts-moved',
      'the policy has moved: redirects are not followed',
      {
        status: 301,
        text: '',
        location: 'https://mta-sts.sts.test/.well-known/mta-sts.txt',
      },
    ],
    ['sts-html', 'the policy is a web page', { type: 'text/html', text: '<html>version: STSv1</html>' }],
    ['sts-broken', 'the policy has no mode', { text: 'version: STSv1\r\nmx: *.test\r\nmax_age: 86400\r\n' }],
    ['sts-huge', 'the policy never ends', { text: `version: STSv1\r\n${'x: y\r\n'.repeat(100_000)}` }],
    [
      'sts-stranger',
      'the certificate of the policy host is of an unknown authority',
      {
        ...good('sts-stranger'),
        certificate: 'stranger',
      },
    ],
    [
      'sts-wrong-name',
      'the certificate of the policy host is for another name',
      {
        ...good('sts-wrong-name'),
        certificate: 'wrong-name',
      },
    ],
    [
      'sts-expired',
      'the certificate of the policy host is past',
      { ...good('sts-expired'), certificate: 'expired' },
    ],
    [
      'sts-self-signed',
      'the certificate of the policy host is signed by itself',
      {
        ...good('sts-self-signed'),
        certificate: 'self-signed',
      },
    ],
  ];
  return kinds.map(([name, shows, served]) => ({
    name: `${name}.test`,
    shows: `MTA-STS: ${shows}`,
    hosts: { exim: [`mx.${name}.test`] },
    zone: { records: ['@ MX 10 mx', 'mx A $26', ...sts('1')] },
    policy: served,
  }));
}
