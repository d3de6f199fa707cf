/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const dnsChecks = {
  'dns.nxdomain': {
    title: 'existence of the name',
    severity: 'critical',
    why: 'The DNS says that there is no such name. Every sender returns mail for it at once, and no client finds the server.',
    fix: [
      {
        who: 'registrar',
        do: 'Look whether the registration has run out or the delegation is gone, and whether the name is spelt right.',
      },
      { who: 'dns-owner', do: 'Publish the records of the name on the servers of its zone.' },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'dns.servfail': {
    title: 'answers of the servers of the zone',
    severity: 'critical',
    why: 'The question got no answer. Where that is so for other resolvers too, senders keep the mail and return it after some days.',
    fix: [
      {
        who: 'tester',
        do: 'Ask another resolver (--resolver), and try again in some minutes.',
      },
      {
        who: 'dns-owner',
        do: 'Where every resolver fails, look after the servers of the zone: they do not answer, or not for this zone.',
      },
    ],
    reference: 'RFC 5321 §5.1',
  },
  'srv.missing': {
    title: 'SRV records for mail programs',
    severity: 'info',
    why: 'A mail program that knows only the address of its user finds the server, and that it speaks TLS, by these records. Without them users type in names and ports, or the program guesses.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish SRV records at the domain of the mail addresses that lead to this server.',
        lines: [{ for: 'dns', text: '_imaps._tcp.example.test. IN SRV 0 1 993 mail.example.test.' }],
        verify: 'dig +short _imaps._tcp.example.test SRV',
      },
    ],
    reference: 'RFC 6186 §3',
  },
} as const satisfies Catalogue;
