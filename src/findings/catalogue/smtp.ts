/** Checks of this section, by id. */
import type { Catalogue, CheckEntry, PasteLine, Remedy } from '../check.ts';
import { program } from './remedies.ts';

const banner: readonly PasteLine[] = [
  { for: 'postfix', text: 'myhostname = mx.example.com' },
  { for: 'postfix', text: 'smtpd_banner = $myhostname ESMTP' },
  { for: 'exim', text: 'primary_hostname = mx.example.com' },
  { for: 'exim', text: 'smtp_banner = $smtp_active_hostname ESMTP' },
  { for: 'opensmtpd', text: 'listen on 0.0.0.0 hostname mx.example.com' },
  { for: 'sendmail', text: "define(`confDOMAIN_NAME', `mx.example.com')dnl" },
  { for: 'sendmail', text: "define(`confSMTP_LOGIN_MSG', `$j')dnl" },
  {
    for: 'exchange',
    text: 'Set-ReceiveConnector "Default Frontend $env:COMPUTERNAME" -Banner "220 mx.example.com ESMTP"',
  },
];

/** An extension that is good to have; nothing breaks without it. */
function extension(
  keyword: string,
  why: string,
  reference: string,
  lines: readonly PasteLine[] = [],
): CheckEntry {
  const fix: Remedy = program(
    `Let the server offer ${keyword}: see whether an option, a filter or a proxy before it takes it away, or whether the program is too old to have it.`,
    lines,
  );
  return { title: `the extension ${keyword}`, severity: 'info', why, fix: [fix], reference };
}

const kept: readonly PasteLine[] = [{ for: 'postfix', text: 'smtpd_discard_ehlo_keywords = ' }];

export const smtpChecks = {
  'smtp.banner.code': {
    title: 'code of the greeting',
    severity: 'medium',
    why: 'The server greets with a code that means that it takes no mail. Senders go to the next host or try again later.',
    fix: [
      program(
        'See why the server does not greet with 220: it may be overloaded, shut down on purpose, or not the mail server.',
      ),
    ],
    reference: 'RFC 5321 §3.1, §4.2',
  },
  'smtp.banner.delay': {
    title: 'time until the greeting',
    severity: 'info',
    why: 'The greeting comes late. Some servers do that on purpose, against senders of spam; others that are slow to look up names lose mail of senders that do not wait.',
    fix: [
      program(
        'Where the wait is not on purpose, see whether the look-ups that the server makes before it greets time out.',
        [
          { for: 'postfix', text: 'postscreen_greet_wait = 6s' },
          { for: 'exim', text: 'rfc1413_query_timeout = 0s' },
          { for: 'sendmail', text: "define(`confTO_IDENT', `0s')dnl" },
        ],
      ),
    ],
    reference: 'RFC 5321 §4.5.3.2.1',
  },
  'smtp.banner.fqdn': {
    title: 'name of the server in the greeting',
    severity: 'low',
    why: 'The greeting does not begin with the full name of the server. Whoever looks into a failure cannot tell which host it was.',
    fix: [program('Give the server its full name.', banner)],
    reference: 'RFC 5321 §4.2, §4.3.1',
  },
  'smtp.banner.software-leak': {
    title: 'version of the program in the greeting',
    severity: 'info',
    why: 'The greeting says which version of which program runs. Whoever looks for hosts with a known hole finds this one faster; it harms nothing else.',
    fix: [program('Leave program and version out of the greeting.', banner)],
    reference: 'RFC 5321 §7.5',
  },
  'smtp.line-syntax': {
    title: 'syntax of replies',
    severity: 'medium',
    why: 'A reply broke the syntax of SMTP, such as a bare line feed or two codes in one reply. Senders that read exactly give up, and what is read differently by two programs is what attacks are made of.',
    fix: [
      program(
        'Find out what writes that line: a filter, a proxy, or a greeting with line breaks of its own.',
      ),
    ],
    reference: 'RFC 5321 §4.2, §2.3.8',
  },
  'smtp.ehlo.rejected': {
    title: 'answer to EHLO',
    severity: 'medium',
    why: 'The server refuses EHLO, with which every sender begins. Those that do not like the refusal go elsewhere; without EHLO there is no STARTTLS.',
    fix: [program('Let the server take EHLO from anybody; refuse unwanted senders later, at RCPT.')],
    reference: 'RFC 5321 §3.2',
  },
  'smtp.ehlo.helo-only': {
    title: 'EHLO beside HELO',
    severity: 'high',
    why: 'The server knows HELO only. It can offer no STARTTLS then, so that mail comes in clear, and senders with a policy that requires TLS do not deliver.',
    fix: [
      program(
        'Replace the server, or take away what hides EHLO: a firewall that inspects SMTP, or a limit on extensions.',
        [{ for: 'postfix', text: 'smtpd_discard_ehlo_keywords = ' }],
      ),
    ],
    reference: 'RFC 5321 §3.2, §4.1.1.1',
  },
  'smtp.ehlo.name': {
    title: 'name of the server in the answer to EHLO',
    severity: 'low',
    why: 'The answer to EHLO does not begin with the full name of the server, as it has to.',
    fix: [program('Give the server its full name.', banner)],
    reference: 'RFC 5321 §4.1.1.1',
  },
  'smtp.ext.pipelining': extension(
    'PIPELINING',
    'Senders wait for each answer, which is slower.',
    'RFC 2920 §3',
    kept,
  ),
  'smtp.ext.size': extension(
    'SIZE',
    'Senders learn that a message is too large only after they have sent it.',
    'RFC 1870 §3',
    kept,
  ),
  'smtp.ext.8bitmime': extension(
    '8BITMIME',
    'Senders have to convert messages with 8-bit text, which breaks some signatures of DKIM.',
    'RFC 6152 §3',
    [...kept, { for: 'exim', text: 'accept_8bitmime = true' }],
  ),
  'smtp.ext.smtputf8': extension(
    'SMTPUTF8',
    'Mail with addresses that are not ASCII cannot be delivered here.',
    'RFC 6531 §3.1',
    [
      { for: 'postfix', text: 'smtputf8_enable = yes' },
      { for: 'exim', text: 'smtputf8_advertise_hosts = *' },
    ],
  ),
  'smtp.ext.dsn': extension(
    'DSN',
    'Senders that ask for a confirmation of delivery get none from this server.',
    'RFC 3461 §4',
    [...kept, { for: 'exim', text: 'dsn_advertise_hosts = *' }],
  ),
  'smtp.ext.enhancedstatuscodes': extension(
    'ENHANCEDSTATUSCODES',
    'Senders learn less exactly why a message was refused.',
    'RFC 2034 §3',
    kept,
  ),
  'smtp.ext.chunking': extension(
    'CHUNKING',
    'Senders cannot hand messages over in chunks of a stated length; most do not need to.',
    'RFC 3030 §2',
    [...kept, { for: 'exim', text: 'chunking_advertise_hosts = *' }],
  ),
  'smtp.ext.requiretls': extension(
    'REQUIRETLS',
    'Messages whose sender demands verified TLS all the way (REQUIRETLS) cannot be delivered here; few are sent.',
    'RFC 8689 §2',
    [
      { for: 'postfix', text: '# Postfix 3.11 or newer:' },
      { for: 'postfix', text: 'requiretls_enable = yes' },
    ],
  ),
  'smtp.auth.before-tls': {
    title: 'logins before TLS',
    severity: 'high',
    why: 'The server offers logins before TLS, so that programs that are set up carelessly send passwords in clear, and whoever is on the path can read them, or can take the offer of TLS away and wait for a password.',
    fix: [
      program('Offer logins inside TLS only.', [
        { for: 'postfix', text: 'smtpd_tls_auth_only = yes' },
        { for: 'exim', text: 'auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}' },
        { for: 'opensmtpd', text: 'listen on 0.0.0.0 port 587 tls-require pki mx.example.com auth' },
        { for: 'sendmail', text: "define(`confAUTH_OPTIONS', `A p y')dnl" },
        {
          for: 'exchange',
          text: 'Set-ReceiveConnector "Client Frontend $env:COMPUTERNAME" -AuthMechanism Tls,BasicAuth,BasicAuthRequireTLS',
        },
        { for: 'dovecot', text: 'disable_plaintext_auth = yes' },
        { for: 'dovecot', text: '# Dovecot 2.4: auth_allow_cleartext = no' },
        { for: 'cyrus', text: 'allowplaintext: no' },
      ]),
    ],
    reference: 'RFC 8314 §4.1, RFC 4954 §4',
  },
  'smtp.auth.on-mx': {
    title: 'logins at the port for mail from other servers',
    severity: 'low',
    why: 'The server for mail from outside takes logins as well. Passwords are guessed at port 25 all day, and nobody who has an account needs it there: mail programs use ports 465 and 587.',
    fix: [
      program(
        'First keep the logins at the ports for submission, where Postfix has services for these: the line goes below submission and below submissions (or smtps) in master.cf, its blanks in front.',
        [
          { for: 'postfix', text: '# master.cf' },
          { for: 'postfix', text: '  -o smtpd_sasl_auth_enable=yes' },
        ],
      ),
      program(
        'Offer no logins at port 25: what is switched off for the whole program stays on only where it is switched on by itself, at the ports for submission.',
        [
          { for: 'postfix', text: '# main.cf' },
          { for: 'postfix', text: 'smtpd_sasl_auth_enable = no' },
          { for: 'exim', text: 'auth_advertise_hosts = ${if eq{$received_port}{25}{}{*}}' },
          { for: 'opensmtpd', text: 'listen on 0.0.0.0 port 25 tls pki mx.example.com' },
          { for: 'sendmail', text: "DAEMON_OPTIONS(`Port=smtp, Name=MTA, M=A')dnl" },
          {
            for: 'exchange',
            text: 'Set-ReceiveConnector "Default Frontend $env:COMPUTERNAME" -AuthMechanism Tls',
          },
        ],
      ),
    ],
    reference: 'RFC 6409 §3.1, RFC 8314 §3',
  },
  'smtp.tls-required-25': {
    title: 'mail without TLS where anybody may send',
    severity: 'medium',
    why: 'The server refuses mail without TLS. The standard forbids that to servers which take mail from anybody, since senders without TLS cannot deliver; it keeps nobody on the path from reading mail either, as that is decided by senders and policies.',
    fix: [
      program('Offer TLS without demanding it, and publish DANE or MTA-STS: these make senders demand it.', [
        { for: 'postfix', text: 'smtpd_tls_security_level = may' },
        { for: 'opensmtpd', text: 'listen on 0.0.0.0 tls pki mx.example.com' },
        {
          for: 'exchange',
          text: 'Set-ReceiveConnector "Default Frontend $env:COMPUTERNAME" -RequireTLS $false',
        },
      ]),
    ],
    reference: 'RFC 3207 §4',
  },
  'smtp.tls-not-required-587': {
    title: 'mail without TLS where mail programs send',
    severity: 'high',
    why: 'The server for mail programs takes the beginning of a message without TLS. A program that is set up carelessly sends password and mail in clear, and nobody notices.',
    fix: [
      program('Demand TLS for submission.', [
        { for: 'postfix', text: '# in master.cf, below submission:' },
        { for: 'postfix', text: '  -o smtpd_tls_security_level=encrypt' },
        { for: 'exim', text: 'auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}' },
        { for: 'opensmtpd', text: 'listen on 0.0.0.0 port 587 tls-require pki mx.example.com auth' },
        { for: 'sendmail', text: "DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl" },
        {
          for: 'exchange',
          text: 'Set-ReceiveConnector "Client Frontend $env:COMPUTERNAME" -RequireTLS $true',
        },
        { for: 'dovecot', text: 'ssl = required' },
      ]),
    ],
    reference: 'RFC 8314 §3.3',
  },
  'smtp.vrfy': {
    title: 'look-up of mailboxes with VRFY',
    severity: 'low',
    why: 'VRFY says which mailboxes exist. Senders of spam and those who guess passwords collect them that way.',
    fix: [
      program(
        'Have VRFY answered with 252, whatever is asked; Exim does so where acl_smtp_vrfy is not set.',
        [
          { for: 'postfix', text: 'disable_vrfy_command = yes' },
          { for: 'sendmail', text: "define(`confPRIVACY_FLAGS', `authwarnings,novrfy,noexpn')dnl" },
        ],
      ),
    ],
    reference: 'RFC 5321 §3.5.3, §7.3',
  },
  'smtp.expn': {
    title: 'look-up of lists with EXPN',
    severity: 'low',
    why: 'EXPN says who is on a list, or where a mailbox is forwarded to. Senders of spam collect addresses that way.',
    fix: [
      program('Switch EXPN off; Exim refuses it where acl_smtp_expn is not set.', [
        { for: 'sendmail', text: "define(`confPRIVACY_FLAGS', `authwarnings,novrfy,noexpn')dnl" },
      ]),
    ],
    reference: 'RFC 5321 §3.5.1, §7.3',
  },
  'smtp.open-relay': {
    title: 'relaying for strangers (open relay)',
    severity: 'critical',
    why: 'The server takes mail from anybody for anybody. It is found within hours, sends spam from then on, and lands on every list of hosts whose mail is refused.',
    fix: [
      program('Take mail for other domains only from your own networks and from those who have logged in.', [
        {
          for: 'postfix',
          text: 'smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination',
        },
        { for: 'exim', text: 'hostlist relay_from_hosts = <; 127.0.0.1 ; ::1' },
        { for: 'opensmtpd', text: 'match from any for domain "example.com" action "local"' },
        { for: 'sendmail', text: "dnl FEATURE(`promiscuous_relay')dnl" },
        {
          for: 'exchange',
          text: 'Get-ReceiveConnector | Remove-ADPermission -User "NT AUTHORITY\\ANONYMOUS LOGON" -ExtendedRights Ms-Exch-SMTP-Accept-Any-Recipient',
        },
      ]),
    ],
    reference: 'RFC 5321 §7.9',
  },
} as const satisfies Catalogue;
