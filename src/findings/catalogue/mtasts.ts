/** Checks of MTA-STS, by id. */
import type { Catalogue, Remedy } from '../check.ts';

const VERIFY = 'waxwing check example.com --only mtasts';

const host: Remedy = {
  who: 'web-host',
  do: 'Serve the policy at https://mta-sts.example.com/.well-known/mta-sts.txt, without a redirect, as text/plain, with a certificate for mta-sts.example.com.',
  verify: VERIFY,
};

const file: Remedy = {
  who: 'web-host',
  do: 'Correct the policy file.',
  lines: [
    { for: 'policy-file', text: 'version: STSv1' },
    { for: 'policy-file', text: 'mode: testing' },
    { for: 'policy-file', text: 'mx: mx.example.com' },
    { for: 'policy-file', text: 'max_age: 86400' },
  ],
  verify: VERIFY,
};

const record: Remedy = {
  who: 'dns-owner',
  do: 'Have exactly one such TXT record at _mta-sts.example.com.',
  lines: [{ for: 'dns', text: '_mta-sts.example.com. IN TXT "v=STSv1; id=20260101000000;"' }],
  verify: VERIFY,
};

const mx: Remedy = {
  who: 'mail-provider',
  do: 'Give the mail host STARTTLS with a certificate of a public authority for its own name.',
  verify: VERIFY,
};

const NO_POLICY =
  'Senders find no policy that they can use, so mail goes as if there were none: whoever sits on the path can read it.';
const HELD =
  'Senders that enforce MTA-STS (Gmail, Outlook and others) do not deliver to this host. Where no other is left, their mail waits and comes back after days.';

export const mtastsChecks = {
  'mtasts.none': {
    title: 'an MTA-STS policy',
    severity: 'medium',
    why: 'Large senders that do not look at DANE have nothing by which they could tell the mail hosts from somebody on the path; mail from them can be read or taken on its way.',
    fix: [host, file, record],
    reference: 'RFC 8461 §3',
  },
  'mtasts.record.multiple': {
    title: 'number of MTA-STS records',
    severity: 'high',
    why: `With more than one record there counts as none. ${NO_POLICY}`,
    fix: [record],
    reference: 'RFC 8461 §3.1',
  },
  'mtasts.record.syntax': {
    title: 'form of the MTA-STS record',
    severity: 'high',
    why: `A record that cannot be read counts as none. ${NO_POLICY}`,
    fix: [record],
    reference: 'RFC 8461 §3.1',
  },
  'mtasts.record.id': {
    title: 'id in the MTA-STS record',
    severity: 'high',
    why: `A record without an id of 1 to 32 letters and digits counts as none. ${NO_POLICY}`,
    fix: [record],
    reference: 'RFC 8461 §3.1',
  },
  'mtasts.record.version': {
    title: 'version of the MTA-STS record',
    severity: 'high',
    why: `A record that does not begin with v=STSv1 is no MTA-STS record. ${NO_POLICY}`,
    fix: [record],
    reference: 'RFC 8461 §3.1',
  },
  'mtasts.record.wrong-place': {
    title: 'place of the MTA-STS record',
    severity: 'medium',
    why: `Senders look at _mta-sts and the domain, and nowhere else. ${NO_POLICY}`,
    fix: [record],
    reference: 'RFC 8461 §3.1',
  },
  'mtasts.record.cname': {
    title: 'MTA-STS record behind an alias',
    severity: 'medium',
    why: 'The record is delegated to somebody by an alias, and there is no record at its end: the domain has no policy.',
    fix: [
      { who: 'dns-owner', do: 'Have whoever keeps the policy publish the record, or take the alias out.' },
    ],
    reference: 'RFC 8461 §8.2',
  },
  'mtasts.dangling-host': {
    title: 'alias of the policy host',
    severity: 'critical',
    why: 'The name of the policy host is an alias of a name that does not exist. Whoever gets that name can serve a policy that keeps your mail away.',
    fix: [{ who: 'dns-owner', do: 'Take the alias out, or point it at a host that is yours.' }],
    reference: 'RFC 8461 §10.3',
  },
  'mtasts.policy.nxdomain': {
    title: 'name of the policy host',
    severity: 'high',
    why: `The record promises a policy, and its host has no address. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.address': {
    title: 'address of the policy host',
    severity: 'high',
    why: `The policy host has only addresses that mean something inside some network. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 6890 §2.2.2',
  },
  'mtasts.policy.tcp': {
    title: 'connection to the policy host',
    severity: 'high',
    why: `Nobody answers at the policy host. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.tls': {
    title: 'TLS of the policy host',
    severity: 'high',
    why: `The policy host does no TLS that senders can use. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.cert-expired': {
    title: 'dates of the certificate of the policy host',
    severity: 'high',
    why: `The certificate of the policy host is past, so no sender takes the policy. ${NO_POLICY}`,
    fix: [{ who: 'web-host', do: 'Renew the certificate of the policy host.' }],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.cert-name': {
    title: 'name in the certificate of the policy host',
    severity: 'high',
    why: `The certificate of the policy host is for another name, so no sender takes the policy. ${NO_POLICY}`,
    fix: [{ who: 'web-host', do: 'Give the policy host a certificate for its own name.' }],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.cert-untrusted': {
    title: 'authority of the certificate of the policy host',
    severity: 'high',
    why: `No authority that senders trust vouches for the certificate of the policy host. ${NO_POLICY}`,
    fix: [
      {
        who: 'web-host',
        do: 'Give the policy host a certificate of a public authority, with its intermediate certificates.',
      },
    ],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.cert-expiring': {
    title: 'time left of the certificate of the policy host',
    severity: 'medium',
    why: 'The certificate of the policy host ends soon. From then on new senders find no policy, and those that remember one lose it when its max_age is over.',
    fix: [{ who: 'web-host', do: 'Renew the certificate of the policy host.' }],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.record-without-policy': {
    title: 'the policy file at the policy host',
    severity: 'high',
    why: `The record promises a policy, and the web server has no such file. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.http-status': {
    title: 'HTTP answer of the policy host',
    severity: 'high',
    why: `Only the status 200 with a whole answer counts. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.redirect': {
    title: 'redirect at the policy host',
    severity: 'high',
    why: `Senders must not follow a redirect. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.content-type': {
    title: 'media type of the policy',
    severity: 'medium',
    why: 'Many senders, this program among them, take a policy as text/plain only, so that no page that users may write becomes one; for them there is none.',
    fix: [host],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.too-large': {
    title: 'size of the policy',
    severity: 'high',
    why: `Senders read no more than 64 kilobytes. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.slow': {
    title: 'time until the policy is there',
    severity: 'high',
    why: `Senders wait a minute at most. ${NO_POLICY}`,
    fix: [host],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.ipv6-broken': {
    title: 'policy host over IPv6',
    severity: 'medium',
    why: 'The policy host has an IPv6 address at which nobody answers: senders lose time there, and those without IPv4 find no policy.',
    fix: [host],
    reference: 'RFC 8461 §3.3',
  },
  'mtasts.policy.syntax': {
    title: 'form of the policy',
    severity: 'high',
    why: `A file that cannot be read is no policy. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.bom': {
    title: 'beginning of the policy file',
    severity: 'high',
    why: `The file begins with a mark that some editors write and nobody sees, so its first line is none. ${NO_POLICY}`,
    fix: [
      {
        who: 'web-host',
        do: 'Save the file as UTF-8 without a mark of byte order (BOM).',
        lines: [{ for: 'nginx', text: "sed -i '1s/^\\xEF\\xBB\\xBF//' /var/www/mta-sts.example.com.txt" }],
        verify: VERIFY,
      },
    ],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.version': {
    title: 'version of the policy',
    severity: 'high',
    why: `Without "version: STSv1" a file is no policy. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.mode-missing': {
    title: 'mode of the policy',
    severity: 'high',
    why: `Without a mode (enforce, testing or none) a file is no policy. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.max-age-missing': {
    title: 'max_age of the policy',
    severity: 'high',
    why: `Without max_age a file is no policy. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.max-age-range': {
    title: 'range of max_age',
    severity: 'high',
    why: `max_age is a number of seconds up to a year; anything else makes the file no policy. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.mx-missing': {
    title: 'mail hosts in the policy',
    severity: 'high',
    why: `A policy that names no mail host is none. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.mx-syntax': {
    title: 'form of the mail hosts in the policy',
    severity: 'high',
    why: `An mx is the name of a host, or "*." and a domain; anything else makes the file no policy. ${NO_POLICY}`,
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.policy.duplicate-key': {
    title: 'fields of the policy that are there twice',
    severity: 'low',
    why: 'Of a field that is there twice the first counts; some senders take the last, so that it depends on the sender what holds.',
    fix: [file],
    reference: 'RFC 8461 §3.2',
  },
  'mtasts.mode-none': {
    title: 'mode of the policy: none',
    severity: 'medium',
    why: 'The mode is none: senders treat the domain as if it had no policy. That is right for giving MTA-STS up, and no protection.',
    fix: [file],
    reference: 'RFC 8461 §8.3',
  },
  'mtasts.mode-testing': {
    title: 'mode of the policy: testing',
    severity: 'low',
    why: 'The mode is testing: senders report what is wrong and deliver all the same, also to somebody on the path.',
    fix: [{ who: 'web-host', do: 'Go to enforce once reports tell of no failures.' }],
    reference: 'RFC 8461 §5',
  },
  'mtasts.max-age-short': {
    title: 'how long the policy is remembered',
    severity: 'medium',
    why: 'A sender that writes seldom has forgotten the policy by then, and somebody on the path has only to hide it once.',
    fix: [file],
    reference: 'RFC 8461 §10.2',
  },
  'mtasts.mx-uncovered': {
    title: 'mail hosts that the policy lists',
    severity: 'critical',
    why: 'A mail host that the policy does not list gets no mail from senders that enforce MTA-STS: when the others are down, mail from them waits.',
    fix: [file, record],
    reference: 'RFC 8461 §4.1',
  },
  'mtasts.mx-all-uncovered': {
    title: 'mail hosts that the policy lists, all of them',
    severity: 'critical',
    why: 'The policy lists none of the mail hosts: senders that enforce MTA-STS (Gmail, Outlook and others) deliver nothing, and their mail comes back after days.',
    fix: [file, record],
    reference: 'RFC 8461 §4.1',
  },
  'mtasts.mx-unused': {
    title: 'mx of the policy that stand for no mail host',
    severity: 'low',
    why: 'A host that is in the policy and takes no mail may be taken over by somebody who gets a certificate for its name.',
    fix: [file],
    reference: 'RFC 8461 §10.4',
  },
  'mtasts.mx-cert-invalid': {
    title: 'certificate of the mail host, as MTA-STS looks at it',
    severity: 'critical',
    why: HELD,
    fix: [mx],
    reference: 'RFC 8461 §4.2',
  },
  'mtasts.mx-no-starttls': {
    title: 'STARTTLS where the policy demands TLS',
    severity: 'critical',
    why: HELD,
    fix: [mx],
    reference: 'RFC 8461 §5',
  },
  'mtasts.mx-tls-too-old': {
    title: 'version of TLS at the mail host, as MTA-STS looks at it',
    severity: 'critical',
    why: `The host knows no TLS above 1.1, which senders with MTA-STS need not speak. ${HELD}`,
    fix: [
      {
        who: 'mail-provider',
        do: 'Switch TLS 1.2 and 1.3 on.',
        lines: [
          { for: 'postfix', text: 'smtpd_tls_protocols = >=TLSv1.2' },
          { for: 'exim', text: '# built with GnuTLS, as Debian has it (exim -bV says which):' },
          { for: 'exim', text: 'tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2' },
          { for: 'exim', text: '# built with OpenSSL:' },
          { for: 'exim', text: 'openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1' },
        ],
        verify: VERIFY,
      },
    ],
    reference: 'RFC 8461 §7.2',
  },
  'mtasts.id-unchanged': {
    title: 'id of the policy after a change',
    severity: 'high',
    why: 'The policy has changed and its id has not: senders that remember the old one do not fetch the new one until the old one ends.',
    fix: [record],
    reference: 'RFC 8461 §8.1',
  },
  'mtasts.id-changed-policy-same': {
    title: 'the policy after a change of its id',
    severity: 'low',
    why: 'The id has changed and the file has not. If a change was meant, it has not arrived at the web server, and senders have kept the old file under the new id.',
    fix: [
      {
        who: 'web-host',
        do: 'See to it that the web server serves the new file, and then give the record another new id.',
        verify: VERIFY,
      },
    ],
    reference: 'RFC 8461 §8.1',
  },
  'mtasts.policy-without-record': {
    title: 'record for the policy that is served',
    severity: 'medium',
    why: 'A policy is served, and no record leads there: no sender looks at it.',
    fix: [record],
    reference: 'RFC 8461 §3.1',
  },
  'mtasts.dane-conflict': {
    title: 'DANE and MTA-STS side by side',
    severity: 'info',
    why: 'Senders that know DANE go by the TLSA records, others by the policy. Here mail arrives from the one kind and not from the other.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Give the mail host a certificate of a public authority for its own name, and list it in the policy.',
      },
    ],
    reference: 'RFC 8461 §2',
  },
} as const satisfies Catalogue;
