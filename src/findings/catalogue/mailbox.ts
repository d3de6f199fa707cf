/** Checks of this section, by id. */
import type { Catalogue, CheckEntry, PasteLine, Remedy } from '../check.ts';
import { program } from './remedies.ts';

const insideTlsOnly: readonly PasteLine[] = [
  { for: 'dovecot', text: 'ssl = required' },
  { for: 'dovecot', text: 'disable_plaintext_auth = yes' },
  { for: 'dovecot', text: '# Dovecot 2.4: auth_allow_cleartext = no' },
  { for: 'cyrus', text: 'allowplaintext: no' },
  { for: 'exchange', text: 'Set-ImapSettings -LoginType SecureLogin' },
  { for: 'exchange', text: 'Set-PopSettings -LoginType SecureLogin' },
];

const loginsInsideTls: Remedy = program('Take logins inside TLS only.', insideTlsOnly);

const closeThePort: Remedy = program(
  'Offer TLS at this port, or close it and keep the one where TLS comes first.',
  [
    { for: 'dovecot', text: 'ssl = required' },
    { for: 'cyrus', text: 'allowplaintext: no' },
  ],
);

function clearPort(port: number, better: number): CheckEntry {
  return {
    title: `TLS at port ${port}`,
    severity: 'medium',
    why: `Port ${port} is open and offers no TLS, beside port ${better}, which has it. A mail program that is set up with the wrong port, or led there, talks in clear.`,
    fix: [closeThePort],
    reference: 'RFC 8314 §4.1',
  };
}

export const mailboxChecks = {
  'imap.preauth': {
    title: 'greeting of somebody who is logged in already (PREAUTH)',
    severity: 'high',
    why: 'The server greets with PREAUTH: whoever connects is logged in already. STARTTLS is not allowed then, so that mail programs that require it cannot connect, and others read and write mail in clear; somebody on the path can send this greeting to any of them.',
    fix: [
      program(
        'Have the server greet with OK at this port; PREAUTH is for programs that start the server themselves.',
        [...insideTlsOnly],
      ),
    ],
    reference: 'RFC 9051 §7.1.4, §11.3',
  },
  'imap.logindisabled-missing': {
    title: 'word that logins are off before TLS (LOGINDISABLED)',
    severity: 'high',
    why: 'Before TLS the server does not say that logins are switched off (LOGINDISABLED). Mail programs that are set up carelessly send name and password in clear.',
    fix: [loginsInsideTls],
    reference: 'RFC 9051 §6.2.3, §11.7',
  },
  'pop3.user-before-tls': {
    title: 'names of users before TLS (USER)',
    severity: 'high',
    why: 'The server takes the name of a user before TLS, and the password would come next, in clear.',
    fix: [loginsInsideTls],
    reference: 'RFC 2595 §4, RFC 8314 §4.1',
  },
  'sieve.sasl-before-tls': {
    title: 'logins before TLS',
    severity: 'high',
    why: 'The server for scripts offers logins before TLS. Whoever is on the path reads the password, which opens the mailbox as well.',
    fix: [loginsInsideTls],
    reference: 'RFC 5804 §1.7, RFC 8314 §4.1',
  },
  'implicit-tls.missing': {
    title: 'port where TLS comes first',
    severity: 'medium',
    why: 'There is no port where TLS comes first. Mail programs are advised to use it, since nobody can take the offer of TLS away there.',
    fix: [
      program('Open the port where TLS comes first: 465 for submission, 993 for IMAP, 995 for POP3.', [
        {
          for: 'postfix',
          text: 'submissions inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes',
        },
        { for: 'exim', text: 'daemon_smtp_ports = 25 : 465 : 587' },
        { for: 'exim', text: 'tls_on_connect_ports = 465' },
        { for: 'opensmtpd', text: 'listen on 0.0.0.0 port 465 smtps pki mx.example.com auth' },
        { for: 'sendmail', text: "DAEMON_OPTIONS(`Port=smtps, Name=TLSMSA, M=Eas')dnl" },
        { for: 'dovecot', text: 'service imap-login {' },
        { for: 'dovecot', text: '  inet_listener imaps {' },
        { for: 'dovecot', text: '    port = 993' },
        { for: 'dovecot', text: '    ssl = yes' },
        { for: 'dovecot', text: '  }' },
        { for: 'dovecot', text: '}' },
        { for: 'cyrus', text: 'imaps cmd="imapd -s" listen="imaps" prefork=0' },
        { for: 'slapd', text: 'SLAPD_SERVICES="ldap:/// ldaps:/// ldapi:///"' },
        { for: 'prosody', text: 'c2s_direct_tls_ports = { 5223 }' },
        { for: 'vsftpd', text: 'implicit_ssl=YES' },
      ]),
    ],
    reference: 'RFC 8314 §3.1, §3.2, §3.3',
  },
  'legacy.imap143-plaintext': clearPort(143, 993),
  'legacy.pop3-110-plaintext': clearPort(110, 995),
} as const satisfies Catalogue;
