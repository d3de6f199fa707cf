/** What has to hold so that an MTA-STS policy in `enforce` keeps no mail away. RFC 8461, RFC 8460. */
import type { Profile } from './profile.ts';

export const mtaStsReady: Profile = {
  name: 'mta-sts-ready',
  title: 'ready for MTA-STS in enforce',
  sources: [
    {
      title: 'RFC 8461, SMTP MTA Strict Transport Security',
      edition: 'IETF, 2018',
      read: 'The sections that are named are followed elsewhere in this program, too.',
    },
    {
      title: 'RFC 8460, SMTP TLS Reporting',
      edition: 'IETF, 2018',
      read: 'The sections that are named are followed elsewhere in this program, too.',
    },
  ],
  severities: { 'mtasts.none': 'high', 'tlsrpt.none': 'medium' },
  others: 'ignore',
  requirements: [
    {
      id: 'mail-hosts',
      title: 'every mail host has an address',
      clause: 'RFC 5321 §5.1',
      severity: 'high',
      test: { kind: 'fact', fact: 'mail-hosts' },
    },
    {
      id: 'starttls',
      title: 'TLS comes about at every address of every mail host',
      clause: 'RFC 8461 §5',
      severity: 'critical',
      test: { kind: 'fact', fact: 'starttls' },
    },
    {
      id: 'tls-version',
      title: 'it is TLS 1.2 or newer at every address',
      clause: 'RFC 8461 §7.2',
      severity: 'critical',
      test: { kind: 'fact', fact: 'tls-1.2' },
    },
    {
      id: 'certificate',
      title:
        'every certificate is valid for the name of its mail host, by a public authority, whatever kind of key a sender takes',
      clause: 'RFC 8461 §4.2',
      severity: 'critical',
      test: { kind: 'fact', fact: 'web-pki' },
    },
    {
      id: 'certificate-renewal',
      title: 'no certificate of a mail host is about to end',
      clause: 'RFC 8461 §4.2',
      severity: 'medium',
      test: { kind: 'findings', ids: ['cert.expiring'] },
    },
    {
      id: 'record',
      title: 'there is one valid record at _mta-sts',
      clause: 'RFC 8461 §3.1',
      severity: 'high',
      test: { kind: 'findings', ids: ['mtasts.none', 'mtasts.record'] },
    },
    {
      id: 'policy',
      title:
        'the policy host serves a valid policy, over HTTPS with a valid certificate and without a redirect',
      clause: 'RFC 8461 §3.2, §3.3',
      severity: 'high',
      test: {
        kind: 'findings',
        ids: ['mtasts.policy', 'mtasts.record-without-policy', 'mtasts.dangling-host', 'mtasts.mode-none'],
        except: ['mtasts.policy.cert-expiring', 'mtasts.policy.ipv6-broken'],
      },
    },
    {
      id: 'policy-host-renewal',
      title: 'the certificate of the policy host is not about to end, and its IPv6 address answers',
      clause: 'RFC 8461 §3.3',
      severity: 'medium',
      test: {
        kind: 'findings',
        ids: ['mtasts.policy.cert-expiring', 'mtasts.policy.ipv6-broken'],
        silent: 'not-applicable',
      },
    },
    {
      id: 'policy-lists-hosts',
      title: 'the policy lists every mail host',
      clause: 'RFC 8461 §4.1',
      severity: 'critical',
      test: { kind: 'findings', ids: ['mtasts.mx-uncovered', 'mtasts.mx-all-uncovered'] },
    },
    {
      id: 'tls-rpt',
      title: 'there is one valid TLS-RPT record, so that failures are heard of before mail is lost',
      clause: 'RFC 8460 §3',
      severity: 'medium',
      test: {
        kind: 'findings',
        ids: ['tlsrpt.none', 'tlsrpt.multiple', 'tlsrpt.syntax', 'tlsrpt.rua-missing', 'tlsrpt.rua-scheme'],
      },
    },
  ],
};
