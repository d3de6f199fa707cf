/** Domains whose MTA-STS is wrong, or right, in one thing each. */
import { type MailDomain, POLICY_HOST, type ServedPolicy, secure } from './mail-domain.ts';
import { DMARC, type Row, RPT, rest, SPF } from './usual-records.ts';

type PolicyRow = readonly [
  name: string,
  shows: string,
  served: ServedPolicy | null,
  records?: readonly string[],
];

export function policyText(...lines: readonly string[]): ServedPolicy {
  return { text: [...lines, ''].join('\r\n') };
}

export const STS = '_mta-sts TXT "v=STSv1; id=1;"';
const good = ['version: STSv1', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 2419200'] as const;

const policies: readonly PolicyRow[] = [
  ['policy-good', 'MTA-STS as it should be', policyText(...good)],
  [
    'policy-testing',
    'MTA-STS only looks on',
    policyText('version: STSv1', 'mode: testing', 'mx: mx.plain.test', 'max_age: 2419200'),
  ],
  ['policy-off', 'MTA-STS is off', policyText('version: STSv1', 'mode: none', 'max_age: 2419200')],
  [
    'policy-short',
    'MTA-STS is kept for an hour',
    policyText('version: STSv1', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 3600'),
  ],
  [
    'policy-long',
    'MTA-STS is kept for longer than there may be',
    policyText('version: STSv1', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 99999999'),
  ],
  [
    'policy-no-age',
    'MTA-STS without max_age',
    policyText('version: STSv1', 'mode: enforce', 'mx: mx.plain.test'),
  ],
  [
    'policy-no-mode',
    'MTA-STS without mode',
    policyText('version: STSv1', 'mx: mx.plain.test', 'max_age: 2419200'),
  ],
  [
    'policy-no-mx',
    'MTA-STS enforce without mx',
    policyText('version: STSv1', 'mode: enforce', 'max_age: 2419200'),
  ],
  [
    'policy-star',
    'MTA-STS with a pattern that nobody may use',
    policyText('version: STSv1', 'mode: enforce', 'mx: *', 'max_age: 2419200'),
  ],
  ['policy-unused', 'MTA-STS with a name that is no MX', policyText(...good, 'mx: old.policy-unused.test')],
  ['policy-uncovered', 'MTA-STS without the second MX', policyText(...good), [STS, '@ MX 20 mx.sts.test.']],
  [
    'policy-other',
    'MTA-STS for other hosts',
    policyText('version: STSv1', 'mode: enforce', 'mx: mx.elsewhere.test', 'max_age: 2419200'),
  ],
  [
    'policy-version',
    'MTA-STS of another version',
    policyText('version: STSv2', 'mode: enforce', 'mx: mx.plain.test', 'max_age: 2419200'),
  ],
  ['policy-bom', 'MTA-STS behind a byte order mark', { text: `\uFEFF${[...good, ''].join('\r\n')}` }],
  ['policy-lf', 'MTA-STS with LF', { text: [...good, ''].join('\n') }],
  ['policy-twice', 'MTA-STS with max_age twice', policyText(...good, 'max_age: 86400')],
  ['policy-words', 'MTA-STS as words', policyText('hello', 'there')],
  ['policy-500', 'MTA-STS: the policy host is broken', { status: 500, text: 'no' }],
  ['policy-type', 'MTA-STS as text/markdown', { ...policyText(...good), type: 'text/markdown' }],
  ['policy-slow', 'MTA-STS: the policy host answers late', { ...policyText(...good), afterMs: 12_000 }],
  [
    'policy-ipv6',
    'MTA-STS: nobody listens at the second address of the policy host',
    policyText(...good),
    [STS, 'mta-sts AAAA ::1'],
  ],
  [
    'policy-record-dangling',
    'a record of MTA-STS behind an alias of nothing',
    policyText(...good),
    ['_mta-sts CNAME _sts.nobody-has-it.test.'],
  ],
  ['policy-gone', 'a record of MTA-STS, and no policy host', null, [STS]],
  ['policy-alone', 'a policy of MTA-STS, and no record', policyText(...good), []],
  [
    'policy-record-id',
    'a record of MTA-STS with an id of other characters',
    policyText(...good),
    ['_mta-sts TXT "v=STSv1; id=2026-01-01;"'],
  ],
  [
    'policy-record-no-id',
    'a record of MTA-STS without an id',
    policyText(...good),
    ['_mta-sts TXT "v=STSv1;"'],
  ],
  [
    'policy-record-version',
    'a record of MTA-STS of another version',
    policyText(...good),
    ['_mta-sts TXT "v=STSv2; id=1;"'],
  ],
  [
    'policy-record-words',
    'a record of MTA-STS that is none',
    policyText(...good),
    ['_mta-sts TXT "v=STSv1 id=1"'],
  ],
  [
    'policy-record-place',
    'a record of MTA-STS at the domain',
    policyText(...good),
    ['@ TXT "v=STSv1; id=1;"'],
  ],
  [
    'policy-record-alias',
    'a record of MTA-STS behind a CNAME',
    policyText(...good),
    ['_mta-sts CNAME _sts', '_sts TXT "v=STSv1; id=1;"'],
  ],
];

/** Policy hosts that cannot be asked: where the name of the host leads. */
const unreachable: readonly Row[] = [
  ['policy-no-host', 'MTA-STS: nobody listens at the policy host', ['mta-sts A $28']],
  ['policy-no-tls', 'MTA-STS: the policy host does not know its own name', [`mta-sts A $${POLICY_HOST}`]],
  [
    'policy-dangling',
    'MTA-STS: the policy host is an alias of nothing',
    ['mta-sts CNAME www.nobody-has-it.test.'],
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

export const policyDomains: readonly MailDomain[] = [
  ...policies.map(withPolicy),
  ...unreachable.map(([name, shows, records]) => ({
    name: `${name}.test`,
    shows,
    hosts: {},
    zone: { records: [...rest, STS, ...records] },
  })),
  {
    name: 'policy-and-dane.test',
    shows: 'TLSA for a mail host that the policy of MTA-STS does not have',
    hosts: {},
    zone: {
      ...secure,
      records: [SPF, DMARC, RPT, '@ MX 10 mx.dane-ee.test.', STS, `mta-sts A $${POLICY_HOST}`],
    },
    policy: policyText('version: STSv1', 'mode: enforce', 'mx: mx.elsewhere.test', 'max_age: 2419200'),
  },
];
