/** What has to hold so that senders with DANE deliver, today and after the next change of a key. RFC 7672, RFC 7671. */
import type { Profile } from './profile.ts';

export const daneReady: Profile = {
  name: 'dane-ready',
  title: 'ready for senders that look at DANE',
  sources: [
    {
      title: 'RFC 7672, SMTP Security via Opportunistic DANE TLS',
      edition: 'IETF, 2015',
      read: 'The sections that are named are followed elsewhere in this program, too.',
    },
    {
      title: 'RFC 7671, The DNS-Based Authentication of Named Entities (DANE) Protocol',
      edition: 'IETF, 2015',
      read: 'The sections that are named are followed elsewhere in this program, too.',
    },
  ],
  severities: {
    'dane.none': 'high',
    'dane.insecure': 'high',
    'dnssec.unsigned': 'high',
    'dnssec.mx-zone-unsigned': 'high',
    'dnssec.cname-insecure': 'high',
    'dane.rollover-not-ready': 'medium',
  },
  others: 'ignore',
  requirements: [
    {
      id: 'mx-signed',
      title: 'the MX records are signed, and the signature proves them',
      clause: 'RFC 7672 §2.2.1',
      severity: 'high',
      test: { kind: 'fact', fact: 'mx-signed' },
    },
    {
      id: 'hosts-signed',
      title: 'the addresses of every mail host are signed, too',
      clause: 'RFC 7672 §2.2.2',
      severity: 'high',
      test: { kind: 'fact', fact: 'hosts-signed' },
    },
    {
      id: 'chain',
      title: 'no zone on the way is bogus',
      clause: 'RFC 7672 §2.1.1',
      severity: 'critical',
      test: {
        kind: 'findings',
        ids: ['dnssec.bogus', 'dnssec.ds-mismatch', 'dnssec.mx-zone-bogus'],
        silent: 'not-applicable',
      },
    },
    {
      id: 'tlsa',
      title: 'every mail host has TLSA records that authenticate it',
      clause: 'RFC 7672 §2.2.3',
      severity: 'high',
      test: { kind: 'fact', fact: 'tlsa' },
    },
    {
      id: 'denial',
      title: 'questions for TLSA records are answered, with proof where there is nothing',
      clause: 'RFC 7672 §2.1.2',
      severity: 'critical',
      test: {
        kind: 'findings',
        ids: ['dnssec.denial-broken', 'dnssec.ent-nxdomain'],
        silent: 'not-applicable',
      },
    },
    {
      id: 'starttls',
      title: 'TLS comes about at every address of every mail host',
      clause: 'RFC 7672 §2.2',
      severity: 'critical',
      test: { kind: 'fact', fact: 'starttls' },
    },
    {
      id: 'tlsa-match',
      title: 'the records match at every address, whatever kind of key a sender takes',
      clause: 'RFC 7672 §3.2',
      severity: 'critical',
      test: { kind: 'fact', fact: 'tlsa-match' },
    },
    {
      id: 'tlsa-form',
      title: 'every record is one that all senders can use, and of a key, so that renewals change nothing',
      clause: 'RFC 7672 §3.1, RFC 7671 §5.1',
      severity: 'medium',
      test: {
        kind: 'findings',
        ids: [
          'dane.unusable',
          'dane.malformed',
          'dane.pkix-usage',
          'dane.ee-cert-selector',
          'dane.full-data',
          'dane.sha512-only',
        ],
        silent: 'not-applicable',
      },
    },
    {
      id: 'all-hosts',
      title: 'no mail host is left without TLSA records beside others that have them',
      clause: 'RFC 7672 §2.2.1',
      severity: 'high',
      test: { kind: 'findings', ids: ['dane.partial-mx', 'dane.dead-mx'], silent: 'not-applicable' },
    },
    {
      id: 'rollover',
      title: 'the next key or its authority has a record already, and no record ends with a certificate soon',
      clause: 'RFC 7671 §8.1',
      severity: 'medium',
      test: {
        kind: 'findings',
        ids: ['dane.rollover-not-ready', 'dane.will-fail-at', 'dane.ta-public-ca'],
        silent: 'not-applicable',
      },
    },
    {
      id: 'signatures',
      title: 'signatures of the zones are fresh, by algorithms that validators take',
      clause: 'RFC 7672 §2.1',
      severity: 'medium',
      test: {
        kind: 'findings',
        ids: ['dnssec.rrsig-expiring', 'dnssec.alg-weak', 'dnssec.nsec3-iterations'],
        silent: 'not-applicable',
      },
    },
    {
      id: 'tls-rpt',
      title: 'there is one valid TLS-RPT record, so that failures are heard of before mail is lost',
      clause: 'RFC 8460 §3',
      severity: 'low',
      test: {
        kind: 'findings',
        ids: ['tlsrpt.none', 'tlsrpt.multiple', 'tlsrpt.syntax', 'tlsrpt.rua-missing', 'tlsrpt.rua-scheme'],
      },
    },
  ],
};
