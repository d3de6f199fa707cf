/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const mxChecks = {
  'mx.none-implicit-a': {
    title: 'MX records of the domain',
    severity: 'low',
    why: 'Without MX records senders try the address of the domain itself, which usually is a web server. Mail waits for days if it does not take mail, and no policy of MTA-STS can be published for it in a clear way.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish an MX record with the mail host, or the null MX if the domain takes no mail.',
        lines: [{ for: 'dns', text: 'example.test. IN MX 10 mail.example.test.' }],
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'mx.null': {
    title: 'form of the null MX',
    severity: 'info',
    why: 'The null MX says that the domain takes no mail. Its preference has to be 0; other numbers are understood by most senders, not by all.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Give the null MX the preference 0.',
        lines: [{ for: 'dns', text: 'example.test. IN MX 0 .' }],
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 7505 §3',
  },
  'mx.null-with-others': {
    title: 'a null MX beside others',
    severity: 'high',
    why: 'The domain says at once that it takes no mail and that it takes mail. Some senders return all mail for it.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Remove the record "example.test. IN MX 0 ." if the domain takes mail, else all other MX records.',
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 7505 §3',
  },
  'mx.null-missing-nonmail': {
    title: 'a mail host, or the null MX',
    severity: 'low',
    why: 'The domain has neither mail hosts nor an address. Senders cannot tell whether that is meant, and some try for days before they return mail that was sent by mistake.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish the null MX, or the mail hosts if the domain does take mail.',
        lines: [{ for: 'dns', text: 'example.test. IN MX 0 .' }],
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 7505 §4.1',
  },
  'mx.localhost': {
    title: 'mail hosts named localhost',
    severity: 'high',
    why: 'A mail host named localhost is the sender itself: mail loops there, or is returned.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Remove the record, or name the real mail host.',
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 6761 §6.3',
  },
  'mx.private-address': {
    title: 'public addresses of mail hosts',
    severity: 'high',
    why: 'Nobody outside can reach this address; and inside other networks it is somebody else, who then gets the mail.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish the public address of the host, and keep private ones in a view for the inside.',
      },
    ],
    reference: 'RFC 6890 §2.2.2',
  },
  'mx.ip-literal': {
    title: 'host names in MX records',
    severity: 'high',
    why: 'An MX record has to name a host. An address in its place, or what is no host name, is a name that does not exist, so that this mail host is never reached.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Give the mail host a name with the address, and put the name into the MX record.',
        lines: [
          { for: 'dns', text: 'mail.example.test. IN A 192.0.2.1' },
          { for: 'dns', text: 'example.test. IN MX 10 mail.example.test.' },
        ],
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'mx.cname': {
    title: 'mail hosts that are aliases',
    severity: 'medium',
    why: 'The name in an MX record must not be an alias. Most senders follow it all the same, some do not, and DANE then has two places for its records.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Put the name at the end of the alias into the MX record, or give the host addresses of its own.',
      },
    ],
    reference: 'RFC 2181 §10.3',
  },
  'mx.dangling': {
    title: 'mail hosts that nobody owns',
    severity: 'high',
    why: 'The mail host is below a name that does not exist. If others can register or claim that name, they get the mail.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Remove the MX record, or name a host that is yours.',
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'mx.no-address': {
    title: 'addresses of mail hosts',
    severity: 'high',
    why: 'Senders cannot reach this mail host. Where it is the only one, mail waits and is returned.',
    fix: [{ who: 'dns-owner', do: 'Publish the address of the host, or remove it from the MX records.' }],
    reference: 'RFC 5321 §5.1',
  },
  'mx.wildcard': {
    title: 'a wildcard MX',
    severity: 'low',
    why: 'Every name below the domain has these mail hosts, also those that nobody uses. Mail with a wrong address is taken, and such subdomains need policies of their own.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish MX records for the subdomains that take mail, and remove those of *.example.test.',
        verify: "dig +short '*.example.test' MX",
      },
    ],
    reference: 'RFC 1034 §4.3.3',
  },
  'mx.duplicate': {
    title: 'mail hosts named twice',
    severity: 'low',
    why: 'A host that is named twice gives no second chance: senders may skip it or try it twice.',
    fix: [
      { who: 'dns-owner', do: 'Keep one MX record for each host.', verify: 'dig +short example.test MX' },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'mx.single': {
    title: 'number of mail hosts',
    severity: 'info',
    why: 'While the only host is away mail waits at its senders. That is no loss for a few days; a second host helps only if it is looked after as well as the first.',
    fix: [],
    reference: 'RFC 5321 §5.1',
  },
  'mx.too-many': {
    title: 'more mail hosts than senders try',
    severity: 'low',
    why: 'Senders try some of them only, and this check looked at the first ten.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Keep the hosts that are needed; a name may have several addresses.',
        verify: 'dig +short example.test MX',
      },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'mx.nolisting': {
    title: 'a first mail host that takes no mail',
    severity: 'info',
    why: 'The best mail host takes no connection and a worse one does. Where that is meant against spam, it delays mail of honest senders too.',
    fix: [{ who: 'mail-provider', do: 'Bring the first host back, or remove it from the MX records.' }],
    reference: 'RFC 5321 §5.1',
  },
  'mx.backup-weaker': {
    title: 'mail hosts weaker than the best',
    severity: 'high',
    why: 'Whoever is on the way blocks the strong host, and mail goes to the weaker one. All are worth as much as the weakest.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Set up TLS on this host as on the best one, or remove it from the MX records.',
      },
    ],
    reference: 'RFC 3207 §6',
  },
  'mx.backup-unreachable': {
    title: 'reach of further mail hosts',
    severity: 'medium',
    why: 'The host is to help when the first one is away, and takes no connections.',
    fix: [{ who: 'mail-provider', do: 'Bring the host back, or remove it from the MX records.' }],
    reference: 'RFC 5321 §5.1',
  },
  'mx.mixed-providers': {
    title: 'mail hosts of several providers',
    severity: 'info',
    why: 'The hosts are of different domains. They have to agree on mailboxes, filters, certificates and policies, and often do not.',
    fix: [],
    reference: 'RFC 5321 §5.1',
  },
  'mx.provider-token': {
    title: 'a token of a provider among the MX records',
    severity: 'low',
    why: 'A name below .invalid once proved to a provider whose the domain is. It never exists, and senders try it for nothing.',
    fix: [
      { who: 'dns-owner', do: 'Remove the MX record with the token.', verify: 'dig +short example.test MX' },
    ],
    reference: 'RFC 6761 §6.4',
  },
  'mx.ptr-missing': {
    title: 'names of addresses (PTR)',
    severity: 'low',
    why: 'Where the host sends mail too, large receivers refuse mail from addresses without a name.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Have whoever gave you the address publish a PTR record with the name of the host.',
      },
    ],
    reference: 'RFC 1912 §2.1',
  },
  'mx.fcrdns': {
    title: 'names that lead back to their addresses',
    severity: 'low',
    why: 'Where the host sends mail too, receivers distrust an address whose name does not lead back to it.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Publish the address at the name of the PTR record, or have the PTR record changed.',
      },
    ],
    reference: 'RFC 1912 §2.1',
  },
} as const satisfies Catalogue;
