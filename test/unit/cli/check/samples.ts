/** Reports by hand: the text, the schema and the exit codes do not depend on what rules say today. */
import { type Unjudged, verdictFor } from '../../../../src/cli/check/verdict.ts';
import type { CheckReport } from '../../../../src/events/check-report.ts';
import { type Sender, type SimulatedOutcome, senders } from '../../../../src/findings/senders.ts';

type Finding = CheckReport['findings'][number];
type Host = CheckReport['hosts'][number];
type Endpoint = Host['endpoints'][number];

export function reported(change: Partial<Finding> = {}): Finding {
  return {
    id: 'starttls.not-offered',
    state: 'fail',
    severity: 'critical',
    scope: { host: 'mx1.example.test', address: '192.0.2.1', port: 25 },
    evidence: ['S: 250-mx1.example.test', 'S: 250 SIZE 10240000'],
    why: 'Mail to this host comes in clear, and everybody on the path can read it.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Give the server a certificate and switch STARTTLS on.',
        lines: [
          { for: 'postfix', text: 'smtpd_tls_security_level = may' },
          { for: 'postfix', text: 'smtpd_tls_chain_files = /etc/ssl/private/mx1.example.test.pem' },
          { for: 'exim', text: 'tls_advertise_hosts = *' },
        ],
        verify: 'waxwing check mx1.example.test:25 --only starttls',
      },
    ],
    reference: 'RFC 3207 §4',
    title: 'STARTTLS is offered',
    retryAt: null,
    ...change,
  };
}

export function outcomesOf(
  outcome: SimulatedOutcome,
  change: Partial<Record<Sender, SimulatedOutcome>> = {},
): Record<Sender, SimulatedOutcome> {
  const all = Object.fromEntries(senders.map((sender) => [sender, outcome])) as Record<
    Sender,
    SimulatedOutcome
  >;
  return { ...all, ...change };
}

export function endpoint(change: Partial<Endpoint> = {}): Endpoint {
  return {
    address: '192.0.2.1',
    port: 25,
    reachable: true,
    starttls: true,
    tls: {
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      group: 'X25519MLKEM768',
      certificate: {
        sha256: 'ab'.repeat(32),
        spkiSha256: 'cd'.repeat(32),
        subject: 'CN=mx1.example.test',
        issuer: 'CN=Issuing Authority',
        names: ['mx1.example.test', 'mail.example.test'],
        notBefore: '2026-10-01T00:00:00.000Z',
        notAfter: '2027-01-31T12:00:00.000Z',
      },
    },
    outcomes: outcomesOf('encrypted'),
    protocol: 'smtp',
    mode: 'starttls',
    serverName: 'mx1.example.test',
    program: 'postfix',
    connections: 6,
    ...change,
  };
}

export function host(change: Partial<Host> = {}): Host {
  return {
    name: 'mx1.example.test',
    preference: 10,
    layer: 'default',
    endpoints: [endpoint()],
    outcomes: outcomesOf('encrypted'),
    skipped: [],
    ...change,
  };
}

export function report(
  change: Partial<CheckReport> = {},
  because: (outcome: SimulatedOutcome) => string = (outcome) => `mx1.example.test: ${outcome}, as was seen`,
): CheckReport {
  const outcomes = change.outcomes ?? outcomesOf('encrypted');
  const { recording = { certificates: {}, seen: {} }, verdict, ...others } = change;
  const made: Unjudged = {
    schema: 'waxwing.check/1',
    target: 'example.test',
    protocol: 'smtp',
    startedAt: '2026-11-28T18:00:00.000Z',
    durationMs: 812,
    outcomes,
    hosts: [host()],
    findings: [],
    depth: 'standard',
    intrusive: false,
    senders: Object.fromEntries(
      Object.entries(outcomes).map(([sender, outcome]) => [
        sender,
        { outcome, because: because(outcome), host: outcome === 'bounced' ? null : 'mx1.example.test' },
      ]),
    ),
    connections: { spent: 6, budget: 6 },
    notTested: [],
    withoutConsent: [],
    firstContact: false,
    future: null,
    ...others,
  };
  return { ...made, verdict: verdict ?? verdictFor(made), recording };
}

const passes = ['starttls.not-offered', 'cert.expired', 'cert.untrusted'].map((id) =>
  reported({ id, state: 'pass', fix: [], severity: 'high' }),
);

const tlsa = reported({
  id: 'dane.mismatch',
  severity: 'critical',
  title: 'TLSA records fit the certificate',
  scope: { host: 'mx1.example.test', address: '192.0.2.1', port: 25 },
  evidence: ['_25._tcp.mx1.example.test. IN TLSA 3 1 1 aaaa', 'the server presents a key with SHA-256 cdcd'],
  why: 'Senders that look at DANE do not deliver: mail waits and is returned after some days.',
  fix: [
    {
      who: 'dns-owner',
      do: 'Publish the key that the server has, beside the record that is there, and take the old one away after a day.',
      lines: [{ for: 'dns', text: `_25._tcp.mx1.example.test. IN TLSA 3 1 1 ${'cd'.repeat(32)}` }],
      verify: 'waxwing check example.test --only dane',
    },
  ],
  reference: 'RFC 7672 §2.2',
});

const untested = reported({
  id: 'conn.ratelimited',
  state: 'not-tested',
  severity: 'medium',
  title: 'the server lets us in',
  evidence: ['S: 421 4.7.0 mx1.example.test Error: too many connections from 198.51.100.1'],
  why: 'The server has sent this check away, which says nothing about its TLS.',
  fix: [],
  reference: 'RFC 5321 §3.8',
  retryAt: '2026-11-28T18:15:00.000Z',
});

const mx2 = { host: 'mx2.example.test', address: '192.0.2.2', port: 25 } as const;

const policyFile: Finding['fix'][number] = {
  who: 'web-host',
  do: 'Serve this file.',
  lines: ['version: STSv1', 'mode: testing'].map((text) => ({ for: 'policy-file', text })),
  verify: null,
};

const newRecord: Finding['fix'][number] = {
  who: 'dns-owner',
  do: 'Then give the record a new id.',
  lines: [{ for: 'dns', text: '_mta-sts.example.test. IN TXT "v=STSv1; id=2;"' }],
  verify: 'waxwing check example.test --only mtasts',
};

export const samples = {
  good: report({
    outcomes: outcomesOf('authenticated', { 'postfix-may': 'encrypted', requiretls: 'bounced' }),
    hosts: [host({ layer: 'dane' })],
    findings: passes,
  }),
  plain: report({
    firstContact: true,
    findings: [
      ...passes,
      reported({
        id: 'mtasts.none',
        state: 'absent',
        severity: 'info',
        title: 'an MTA-STS policy',
        scope: { domain: 'example.test' },
        evidence: ['there is no TXT record at _mta-sts.example.test'],
        fix: [
          {
            who: 'dns-owner',
            do: 'Publish a policy; waxwing advise example.test says how.',
            lines: [],
            verify: null,
          },
        ],
        reference: 'RFC 8461 §3',
      }),
    ],
  }),
  clear: report({
    outcomes: outcomesOf('cleartext', { requiretls: 'bounced' }),
    hosts: [
      host({
        outcomes: outcomesOf('cleartext'),
        endpoints: [
          endpoint({ starttls: false, tls: null }),
          endpoint({ address: '2001:db8::1', starttls: false, tls: null }),
        ],
      }),
    ],
    findings: [
      reported(),
      reported({ scope: { host: 'mx1.example.test', address: '2001:db8::1', port: 25 } }),
    ],
    connections: { spent: 2, budget: 12 },
  }),
  mismatch: report({
    outcomes: outcomesOf('deferred', { 'postfix-may': 'encrypted', 'mta-sts': 'encrypted' }),
    findings: [reported({ severity: 'high', scope: mx2 }), tlsa, ...passes],
    hosts: [
      host({ layer: 'dane', outcomes: outcomesOf('deferred') }),
      host({
        name: 'mx2.example.test',
        preference: 20,
        outcomes: outcomesOf('cleartext'),
        endpoints: [endpoint({ address: '192.0.2.2', starttls: false, tls: null, program: 'exim' })],
      }),
    ],
  }),
  steps: report({
    firstContact: true,
    findings: [
      reported({
        id: 'mtasts.mx-cert-invalid',
        severity: 'critical',
        title: 'certificate, as MTA-STS looks at it',
      }),
      reported({
        id: 'mtasts.record.id',
        severity: 'high',
        scope: { domain: 'example.test' },
        title: 'id in the record',
        fix: [policyFile, { ...policyFile, do: 'Look at it.', lines: [] }, newRecord],
      }),
      reported({
        id: 'mtasts.mx-unused',
        severity: 'low',
        scope: { domain: 'example.test' },
        title: 'use of every mx of the policy',
        fix: [policyFile],
      }),
      reported({
        id: 'cert.expired',
        severity: 'low',
        title: 'end of the certificate',
        evidence: [`SHA-256 ${'ab'.repeat(32)} was presented`],
      }),
      reported({
        id: 'dane.none',
        state: 'absent',
        severity: 'info',
        title: 'TLSA records',
        fix: [{ ...newRecord, do: 'Publish a TLSA record.' }],
      }),
    ],
  }),
  throttled: report({
    outcomes: outcomesOf('unknown'),
    hosts: [
      host({
        endpoints: [endpoint({ starttls: null, tls: null, program: null, connections: 1 })],
        skipped: [
          {
            address: '2001:db8::1',
            port: 25,
            because: '2001:db8::1 has sent us away at another door, and is left alone',
            retryAt: '2026-11-28T18:15:00.000Z',
          },
        ],
      }),
    ],
    findings: [untested],
    connections: { spent: 1, budget: 6 },
  }),
  greetless: report({
    outcomes: outcomesOf('unknown'),
    hosts: [host({ endpoints: [endpoint({ starttls: null, tls: null, program: null, connections: 1 })] })],
    findings: [
      {
        ...untested,
        id: 'conn.timeout',
        severity: 'high',
        title: 'answer to connections in time',
        evidence: ['It took the connection; 120042 ms later its greeting was still not complete.'],
        why: 'The server was so slow that the time for the check was over.',
      },
    ],
    connections: { spent: 1, budget: 6 },
  }),
  nullMx: report(
    {
      outcomes: outcomesOf('bounced'),
      hosts: [],
      connections: { spent: 0, budget: 0 },
    },
    () => 'the only MX record of example.test is the null MX: it takes no mail',
  ),
  unlearnt: report(
    {
      outcomes: outcomesOf('deferred'),
      hosts: [],
      intrusive: false,
      withoutConsent: [
        {
          host: 'mx1.example.test',
          because: 'the owner of mx1.example.test has not consented to intrusive questions',
        },
      ],
      findings: [
        reported({
          id: 'dns.servfail',
          state: 'not-tested',
          title: 'the servers of the zone answer',
          scope: { domain: 'example.test' },
          evidence: ['example.test MX: 127.0.0.1 did not answer within 5 s'],
          retryAt: '2026-11-28T18:10:00.000Z',
        }),
      ],
      connections: { spent: 0, budget: 0 },
    },
    () => 'the MX records of example.test cannot be learnt',
  ),
  noWay: report({
    outcomes: outcomesOf('unknown'),
    hosts: [host({ endpoints: [endpoint({ reachable: null, starttls: null, tls: null, program: null })] })],
  }),
  mailbox: report({
    target: 'mail.example.test:993',
    protocol: 'imap',
    outcomes: {},
    hosts: [
      host({
        name: 'mail.example.test',
        preference: null,
        outcomes: {},
        endpoints: [
          endpoint({ port: 993, protocol: 'imap', mode: 'implicit', starttls: null, outcomes: {} }),
        ],
      }),
    ],
    findings: passes.map((one) => ({ ...one, scope: { ...one.scope, port: 993 } })),
  }),
  silent: report({
    target: 'mail.example.test:993',
    protocol: 'imap',
    outcomes: {},
    hosts: [
      host({
        name: 'mail.example.test',
        preference: null,
        outcomes: {},
        endpoints: [
          endpoint({
            port: 993,
            protocol: 'imap',
            mode: 'implicit',
            starttls: null,
            tls: null,
            reachable: false,
            program: null,
            outcomes: {},
          }),
        ],
      }),
    ],
    findings: [
      reported({
        id: 'conn.refused',
        severity: 'high',
        title: 'connections are accepted',
        evidence: ['connect ECONNREFUSED 192.0.2.1:993'],
        fix: [],
      }),
    ],
  }),
  future: report({
    outcomes: outcomesOf('authenticated', { 'postfix-may': 'encrypted' }),
    findings: passes,
    future: {
      until: '2027-03-01T00:00:00.000Z',
      events: [
        {
          id: 'cert.expired',
          at: '2027-01-31T12:00:00.000Z',
          what: 'the certificate of mx1.example.test ends',
          breaks: ['mta-sts', 'exchange'],
          evidence: ['notAfter 2027-01-31T12:00:00Z'],
          fix: [{ who: 'mail-provider', do: 'Renew it.', lines: [], verify: null }],
        },
      ],
      findings: [
        reported({
          id: 'cert.expired',
          title: 'the certificate is valid today',
          evidence: ['notAfter 2027-01-31T12:00:00Z'],
        }),
      ],
    },
  }),
} as const satisfies Record<string, CheckReport>;
