/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const sendersChecks = {
  'spf.missing': {
    title: 'an SPF record',
    severity: 'medium',
    why: 'Anybody can send mail with addresses of the domain in the envelope, and large receivers refuse or mark mail from domains without SPF.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish one SPF record that names every server that sends mail of the domain.',
        lines: [{ for: 'dns', text: 'example.test. IN TXT "v=spf1 mx -all"' }],
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §3',
  },
  'spf.multiple': {
    title: 'several SPF records',
    severity: 'high',
    why: 'Of a domain with two SPF records receivers evaluate none: the result is a permanent error, and mail is refused or marked.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Put the terms of all SPF records into one, and remove the others.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §4.5',
  },
  'spf.syntax': {
    title: 'syntax of SPF, with all that is included',
    severity: 'high',
    why: 'One error anywhere, in what is included too, makes the whole record worth nothing: the result is a permanent error for every message that gets that far.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Correct or remove the term that is named, then look again.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §4.6',
  },
  'spf.lookups': {
    title: 'number of look-ups of SPF',
    severity: 'high',
    why: 'Receivers stop after ten terms that ask the DNS, with a permanent error: senders that are listed further back are not recognised.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Remove services that no longer send mail of the domain, name networks by ip4 and ip6, or give a service a subdomain of its own.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §4.6.4',
  },
  'spf.void': {
    title: 'SPF terms that lead to nothing',
    severity: 'low',
    why: 'More than two terms lead to names without records. Receivers that count them end with a permanent error.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Remove the terms whose names have no records.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §4.6.4',
  },
  'spf.plus-all': {
    title: 'SPF that allows everybody',
    severity: 'critical',
    why: 'The record says that every server in the world may send mail of the domain. Forged mail passes SPF, and with it DMARC.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Name the servers that send mail, and end the record with "-all", or with "~all" until you are sure.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §5.1',
  },
  'spf.neutral': {
    title: 'what SPF says of other senders',
    severity: 'medium',
    why: 'Of servers that are not listed the record says nothing, as if there were no SPF: forged mail is not held up by it.',
    fix: [
      {
        who: 'dns-owner',
        do: 'End the record with "-all", or with "~all" until you are sure that every sender is listed.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §4.7',
  },
  'spf.ptr': {
    title: 'ptr in SPF',
    severity: 'low',
    why: '"This mechanism SHOULD NOT be published": it is slow and unreliable, and some receivers skip it.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Name the servers by a, mx, ip4 or ip6 in place of ptr.',
        verify: 'dig +short example.test TXT',
      },
    ],
    reference: 'RFC 7208 §5.5',
  },
  'dkim.base-node': {
    title: 'keys of DKIM',
    severity: 'info',
    why: 'There is nothing below _domainkey, so the domain signs no mail. Without signatures, mail that is forwarded fails DMARC. Keys themselves stand at selectors, which only messages name.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Switch on DKIM in the mail server, and publish the key that it shows at SELECTOR._domainkey below the domain.',
      },
    ],
    reference: 'RFC 6376 §3.6.2',
  },
  'dmarc.missing': {
    title: 'a DMARC record',
    severity: 'medium',
    why: 'Receivers do not know what to do with mail that only claims to come from the domain, and the owner never hears of it. Large receivers ask for DMARC of whoever sends much.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish a DMARC record that asks for reports; go to quarantine and reject when the reports show that your own mail passes.',
        lines: [
          {
            for: 'dns',
            text: '_dmarc.example.test. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.test"',
          },
        ],
        verify: 'dig +short _dmarc.example.test TXT',
      },
    ],
    reference: 'RFC 9989 §4.7',
  },
  'dmarc.multiple': {
    title: 'several DMARC records',
    severity: 'high',
    why: 'Where there are two, receivers discard both, and the domain has no policy of its own.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Keep one DMARC record, and remove the others.',
        verify: 'dig +short _dmarc.example.test TXT',
      },
    ],
    reference: 'RFC 9989 §4.10',
  },
  'dmarc.syntax': {
    title: 'syntax of DMARC',
    severity: 'high',
    why: 'Receivers ignore what they cannot read, and take the default: the policy may not be the one that was meant.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Correct the tags that are named.',
        verify: 'dig +short _dmarc.example.test TXT',
      },
    ],
    reference: 'RFC 9989 §4.8',
  },
  'dmarc.none': {
    title: 'policy of DMARC: none',
    severity: 'low',
    why: 'With p=none forged mail is only reported, and delivered as any other.',
    fix: [
      {
        who: 'dns-owner',
        do: 'When the reports show that your own mail passes, change p=none to p=quarantine, and then to p=reject.',
      },
    ],
    reference: 'RFC 9989 §4.7',
  },
  'dmarc.pct': {
    title: 'DMARC for a part of the mail (pct)',
    severity: 'low',
    why: 'The tag pct is gone from DMARC: newer receivers ignore it and apply the policy to all mail, older ones to a part.',
    fix: [{ who: 'dns-owner', do: 'Remove pct; while you are testing, t=y takes the place of pct=0.' }],
    reference: 'RFC 9989 Appendix A.6',
  },
  'dmarc.rua-unauthorised': {
    title: 'consent to get DMARC reports',
    severity: 'medium',
    why: 'Reports go to an address of another organization, which does not say that it takes them: senders drop them.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Have the other domain publish the record by which it agrees, or take an address of your own.',
      },
    ],
    reference: 'RFC 9990 §4',
  },
  'dmarc.t-y': {
    title: 'DMARC in test (t=y)',
    severity: 'low',
    why: 'With t=y receivers are asked not to apply the policy: forged mail is reported, and treated one step milder than the policy says.',
    fix: [{ who: 'dns-owner', do: 'When the test is over, remove t=y.' }],
    reference: 'RFC 9989 §4.7',
  },
  'bimi.missing': {
    title: 'a logo (BIMI)',
    severity: 'info',
    why: 'Some mailbox providers show the logo of a domain beside its mail. Nothing is less secure without it.',
    fix: [],
    reference: 'draft-brand-indicators-for-message-identification',
  },
  'bimi.syntax': {
    title: 'syntax of BIMI',
    severity: 'low',
    why: 'Mailbox providers show no logo where they cannot read the record.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Correct the tags that are named: both logo and certificate are https URIs.',
        verify: 'dig +short default._bimi.example.test TXT',
      },
    ],
    reference: 'draft-brand-indicators-for-message-identification',
  },
  'parked.unprotected': {
    title: 'protection of a domain without mail',
    severity: 'low',
    why: 'The domain takes no mail, so nobody watches what is sent in its name. Forgers like such domains; three records say that no mail of it is genuine.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish the null MX, an SPF record that allows nobody, and the DMARC policy reject.',
        lines: [
          { for: 'dns', text: 'example.test. IN MX 0 .' },
          { for: 'dns', text: 'example.test. IN TXT "v=spf1 -all"' },
          { for: 'dns', text: '_dmarc.example.test. IN TXT "v=DMARC1; p=reject"' },
        ],
      },
    ],
    reference: 'RFC 7505 §4.2',
  },
} as const satisfies Catalogue;
