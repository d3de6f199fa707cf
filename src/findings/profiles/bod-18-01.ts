/** Binding Operational Directive 18-01 of the Department of Homeland Security: its part about mail. */
import type { Profile } from './profile.ts';

export const bod1801: Profile = {
  name: 'bod-18-01',
  title: 'BOD 18-01, the part about mail',
  sources: [
    {
      title: 'Binding Operational Directive 18-01, Enhance Email and Web Security',
      edition: 'U.S. Department of Homeland Security, 2017-10-16',
      read: 'Read, with its compliance guide and checklist, as the agency publishes them.',
    },
    {
      title: 'Temporary policy exception for 3DES in mail environments',
      edition: 'U.S. Department of Homeland Security, 2018-09-20',
      read: 'That there is one was read in the directive; the exception itself was not.',
    },
  ],
  severities: {
    'spf.missing': 'high',
    'dmarc.missing': 'high',
    'dmarc.none': 'high',
    'dmarc.pct': 'high',
    'dmarc.t-y': 'high',
    'tls.ssl2': 'critical',
    'tls.ssl3': 'high',
    'tls.suite.rc4': 'high',
    'tls.suite.3des': 'medium',
  },
  others: 'ignore',
  requirements: [
    {
      id: 'starttls',
      title: 'every mail server offers STARTTLS, and TLS comes about',
      clause: 'BOD 18-01 II.1.a.i',
      severity: 'critical',
      test: { kind: 'fact', fact: 'starttls' },
    },
    {
      id: 'spf',
      title: 'the domain has one valid SPF record',
      clause: 'BOD 18-01 II.1.a.i',
      severity: 'high',
      test: { kind: 'findings', ids: ['spf.missing', 'spf.multiple', 'spf.syntax', 'spf.lookups'] },
    },
    {
      id: 'dmarc',
      title: 'the domain has one valid DMARC record',
      clause: 'BOD 18-01 II.1.a.i',
      severity: 'high',
      test: {
        kind: 'findings',
        ids: ['dmarc.missing', 'dmarc.multiple', 'dmarc.syntax'],
        silent: 'not-applicable',
      },
    },
    {
      id: 'dmarc-reports',
      title: 'somebody gets reports of DMARC, aggregate ones or those of failures',
      clause: 'BOD 18-01 II.1.a.i',
      severity: 'medium',
      test: { kind: 'fact', fact: 'dmarc-reports' },
    },
    {
      id: 'ssl',
      title: 'SSL 2.0 and SSL 3.0 are off',
      clause: 'BOD 18-01 II.1.a.ii',
      severity: 'high',
      test: { kind: 'findings', ids: ['tls.ssl2', 'tls.ssl3'] },
    },
    {
      id: 'rc4',
      title: 'suites with RC4 are off',
      clause: 'BOD 18-01 II.1.a.ii',
      severity: 'high',
      test: { kind: 'findings', ids: ['tls.suite.rc4'] },
    },
    {
      id: '3des',
      title: 'suites with 3DES are off',
      clause: 'BOD 18-01 II.1.a.ii, with the exception of 2018-09-20',
      severity: 'medium',
      test: { kind: 'findings', ids: ['tls.suite.3des'] },
    },
    {
      id: 'dmarc-reports-to-agency',
      title: 'aggregate reports of DMARC go to reports@dmarc.cyber.dhs.gov, too',
      clause: 'BOD 18-01 II.1.a.iii',
      severity: 'low',
      test: { kind: 'fact', fact: 'dmarc-reports', mailbox: 'reports@dmarc.cyber.dhs.gov' },
    },
    {
      id: 'dmarc-reject',
      title: 'DMARC asks for reject, for all mail and for subdomains, too',
      clause: 'BOD 18-01 II.1.a.iv; compliance guide, "How should DMARC be deployed?"',
      severity: 'high',
      test: { kind: 'fact', fact: 'dmarc-reject' },
    },
    {
      id: 'web',
      title: 'web sites have HTTPS only, with HSTS, and neither SSL nor RC4 nor 3DES',
      clause: 'BOD 18-01 II.1.b',
      severity: 'info',
      test: { kind: 'outside', because: 'this check visits mail servers, and no web sites' },
    },
  ],
};
