/** Checks of this section, by id. */
import type { Catalogue, Remedy } from '../check.ts';

const listen: Remedy = {
  who: 'mail-provider',
  do: 'Start the server, have it listen at that address, and let the port through the firewall; or take the address out of the DNS.',
  lines: [
    { for: 'postfix', text: 'inet_interfaces = all' },
    { for: 'exim', text: 'local_interfaces = <; 0.0.0.0 ; ::0' },
    { for: 'opensmtpd', text: 'listen on 0.0.0.0' },
    { for: 'sendmail', text: "DAEMON_OPTIONS(`Port=smtp, Name=MTA')dnl" },
    { for: 'dovecot', text: 'listen = *, ::' },
    { for: 'slapd', text: 'SLAPD_SERVICES="ldap:/// ldapi:///"' },
    { for: 'vsftpd', text: 'listen_ipv6=YES' },
    { for: 'postgresql', text: "listen_addresses = '*'" },
    { for: 'mariadb', text: 'bind-address = *' },
  ],
};

const unblock: Remedy = {
  who: 'tester',
  do: 'Check again later, or from another network; the owner of the server can let the address of the tester in.',
};

const NOT_LOOKED = 'Whether it has TLS is therefore not known: this says nothing against the server.';

export const connChecks = {
  'conn.refused': {
    title: 'acceptance of connections',
    severity: 'high',
    why: 'Nothing takes connections at this address. Senders lose time on it, and mail waits in their queues where there is no other address or host.',
    fix: [listen],
    reference: 'RFC 5321 §5.1',
  },
  'conn.timeout': {
    title: 'answer to connections in time',
    severity: 'high',
    why: 'Nothing answers at this address, though other servers were reached at the same port. Senders wait half a minute or more for each attempt, and mail stays in their queues where there is no other address or host.',
    fix: [listen],
    reference: 'RFC 5321 §4.5.3.2, §5.1',
  },
  'conn.reset': {
    title: 'persistence of connections',
    severity: 'high',
    why: 'Connections to this address are broken off as soon as they begin, by the server or by a firewall before it. No mail gets in there.',
    fix: [listen],
    reference: 'RFC 5321 §5.1',
  },
  'conn.unreachable': {
    title: 'route to the address',
    severity: 'high',
    why: 'The network answers that there is no way to this address. No mail gets there.',
    fix: [listen],
    reference: 'RFC 5321 §5.1',
  },
  'conn.no-ipv4': {
    title: 'IPv4 address of the host',
    severity: 'medium',
    why: 'Senders that have IPv4 only, still very many, cannot reach this host.',
    fix: [{ who: 'dns-owner', do: 'Give the host an IPv4 address and publish it as an A record.' }],
    reference: 'RFC 5321 §5.2',
  },
  'conn.no-ipv6': {
    title: 'IPv6 address of the host',
    severity: 'info',
    why: 'Senders that have IPv6 only cannot reach this host; there are few of them yet.',
    fix: [{ who: 'dns-owner', do: 'Give the host an IPv6 address and publish it as an AAAA record.' }],
    reference: 'RFC 5321 §5.2',
  },
  'conn.ipv6-unreachable': {
    title: 'connections to the IPv6 address',
    severity: 'medium',
    why: 'The host is reached by IPv4 and not at the IPv6 address that it publishes. Senders that try IPv6 first lose time on every message, and those without IPv4 cannot deliver.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Have the server listen at its IPv6 address and let the port through the firewall for IPv6 too; or take the AAAA record out.',
        lines: [
          { for: 'postfix', text: 'inet_protocols = all' },
          { for: 'exim', text: 'local_interfaces = <; 0.0.0.0 ; ::0' },
          { for: 'opensmtpd', text: 'listen on ::' },
          { for: 'sendmail', text: "DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp')dnl" },
          { for: 'dovecot', text: 'listen = *, ::' },
        ],
      },
    ],
    reference: 'RFC 5321 §5.2',
  },
  'conn.slow': {
    title: 'time until a connection stands',
    severity: 'info',
    why: 'Connections take long to come about. That costs every sender time and harms nothing else.',
    fix: [
      { who: 'mail-provider', do: 'Look for lost packets or an overloaded host on the way to this address.' },
    ],
    reference: 'RFC 5321 §4.5.3.2',
  },
  'conn.ratelimited': {
    title: 'limit of connections to the server',
    severity: 'high',
    why: `The server said that there are too many connections, or that it is not the time. ${NOT_LOOKED}`,
    fix: [{ who: 'tester', do: 'Check again after the time given, with a longer --gap.' }],
    reference: 'RFC 5321 §4.2.3',
  },
  'conn.blocked': {
    title: 'readiness of the server to talk to us',
    severity: 'high',
    why: `The server does not want to talk to the address that checks: often a list of unwanted hosts, or a missing reverse name. ${NOT_LOOKED}`,
    fix: [unblock],
    reference: 'RFC 5321 §4.2.3',
  },
  'conn.closed': {
    title: 'connection up to the greeting and the offers',
    severity: 'high',
    why: `The server took the connection and closed it again without a word of why. Programs that ban addresses do that. ${NOT_LOOKED}`,
    fix: [unblock],
    reference: 'RFC 5321 §3.8',
  },
  'conn.tarpit': {
    title: 'answers within the time for a check',
    severity: 'high',
    why: `The server answers so slowly that the time for the check was over. ${NOT_LOOKED}`,
    fix: [{ who: 'tester', do: 'Check again with more time: --timeout 600.' }],
    reference: 'RFC 5321 §4.5.3.2',
  },
  'conn.protocol': {
    title: 'protocol that is spoken at the port',
    severity: 'high',
    why: 'What answers there does not speak the protocol, or breaks its rules so that nothing more could be asked. Senders that keep to the rules give up as well.',
    fix: [
      {
        who: 'mail-provider',
        do: 'See which program listens at this address and port, and what stands between it and the network (proxies, firewalls that rewrite what they see).',
      },
    ],
    reference: 'RFC 5321 §4.2',
  },
  'conn.skipped': {
    title: 'visit to this address',
    severity: 'high',
    why: 'This address was left alone, so nothing is known of it.',
    fix: [unblock],
    reference: 'the plan of the check',
  },
} as const satisfies Catalogue;
