/** One domain on its way to DANE and MTA-STS, as five: each is the one before, one step further. */
import { type MailDomain, POLICY_HOST, type ServedPolicy, secure } from './mail-domain.ts';

const HALF_A_YEAR = 15_552_000;
/** The record of a key that no server has yet. */
const NEXT = `_25._tcp.mx TLSA 3 1 1 ${'2'.repeat(64)}`;

function policy(name: string, mode: 'testing' | 'enforce', age: number): ServedPolicy {
  const lines = ['version: STSv1', `mode: ${mode}`, `mx: mx.${name}`, `max_age: ${age}`, ''];
  return { text: lines.join('\r\n') };
}

/** The id says that the policy has been tried out for long. */
function reported(name: string): string[] {
  return [
    `_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls-reports@${name}"`,
    `mta-sts A $${POLICY_HOST}`,
    '_mta-sts TXT "v=STSv1; id=20260101000000;"',
  ];
}

const mail = ['@ MX 10 mx', 'mx A $25'];

export const adviseDomains: readonly MailDomain[] = [
  {
    name: 'advise-1.test',
    shows: 'advice: nothing yet',
    hosts: { postfix: ['mx.advise-1.test'] },
    zone: { records: mail },
  },
  {
    name: 'advise-2.test',
    shows: 'advice: reports, and a policy that is tried out',
    hosts: { postfix: ['mx.advise-2.test'] },
    zone: { records: [...mail, ...reported('advise-2.test')] },
    policy: policy('advise-2.test', 'testing', 86_400),
  },
  {
    name: 'advise-3.test',
    shows: 'advice: the policy is enforced, and the zone is signed',
    hosts: { postfix: ['mx.advise-3.test'] },
    zone: { ...secure, records: [...mail, ...reported('advise-3.test')] },
    policy: policy('advise-3.test', 'enforce', 604_800),
  },
  {
    name: 'advise-4.test',
    shows: 'advice: remembered for long, and the key is published',
    hosts: { postfix: ['mx.advise-4.test'] },
    zone: {
      ...secure,
      records: [...mail, ...reported('advise-4.test'), '_25._tcp.mx TLSA 3 1 1 <postfix key>'],
    },
    policy: policy('advise-4.test', 'enforce', HALF_A_YEAR),
  },
  {
    name: 'advise-5.test',
    shows: 'advice: and the next key, too',
    hosts: { postfix: ['mx.advise-5.test'] },
    zone: {
      ...secure,
      records: [...mail, ...reported('advise-5.test'), '_25._tcp.mx TLSA 3 1 1 <postfix key>', NEXT],
    },
    policy: policy('advise-5.test', 'enforce', HALF_A_YEAR),
  },
];
