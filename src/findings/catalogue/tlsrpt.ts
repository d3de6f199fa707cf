/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const tlsrptChecks = {
  'tlsrpt.none': {
    title: 'a TLS-RPT record',
    severity: 'low',
    why: 'Senders that cannot reach the domain with TLS tell nobody. With a record, the large ones send a report every day: broken certificates, missing STARTTLS, attacks.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish a TLS-RPT record; the mailbox for reports has to exist.',
        lines: [
          {
            for: 'dns',
            text: '_smtp._tls.example.test. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@example.test"',
          },
        ],
        verify: 'dig +short _smtp._tls.example.test TXT',
      },
    ],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.multiple': {
    title: 'several TLS-RPT records',
    severity: 'medium',
    why: 'Where there are two, senders take it that the domain wants no reports.',
    fix: [
      { who: 'dns-owner', do: 'Keep one record; it may name several addresses, with commas between them.' },
    ],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.syntax': {
    title: 'syntax of TLS-RPT',
    severity: 'medium',
    why: 'Senders that cannot read the record send no reports.',
    fix: [{ who: 'dns-owner', do: 'Correct what is named.' }],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.rua-missing': {
    title: 'an address for TLS reports',
    severity: 'medium',
    why: 'The record names no address, so that no report can be sent.',
    fix: [{ who: 'dns-owner', do: 'Add rua= with a mailbox or an https address.' }],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.rua-scheme': {
    title: 'kind of address for TLS reports',
    severity: 'medium',
    why: 'Senders have to know mailto and https only; to other addresses no report goes.',
    fix: [
      { who: 'dns-owner', do: 'Write mailto: before mailboxes, and https: before addresses of the web.' },
    ],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.rua-too-many': {
    title: 'number of addresses for TLS reports',
    severity: 'info',
    why: 'Some senders use the first address only.',
    fix: [],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.rua-mail-undeliverable': {
    title: 'delivery of TLS reports by mail',
    severity: 'medium',
    why: 'The domain of the mailbox takes no mail, so that no report arrives.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Name a mailbox that exists.',
        verify: 'dig +short _smtp._tls.example.test TXT',
      },
    ],
    reference: 'RFC 8460 §5.3',
  },
  'tlsrpt.wrong-place': {
    title: 'place of the TLS-RPT record',
    severity: 'low',
    why: 'Senders look at _smtp._tls below the domain only, and find nothing there.',
    fix: [{ who: 'dns-owner', do: 'Move the record to _smtp._tls below the domain.' }],
    reference: 'RFC 8460 §3',
  },
  'tlsrpt.same-domain-only': {
    title: 'a way for TLS reports outside the domain',
    severity: 'info',
    why: 'When the mail hosts of the domain cannot be reached, reports of that cannot be delivered to them either.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Add a mailbox in another domain, or an https address.',
        verify: 'dig +short _smtp._tls.example.test TXT',
      },
    ],
    reference: 'RFC 8460 §5.3',
  },
} as const satisfies Catalogue;
