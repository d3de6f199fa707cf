/** How servers greet and what they offer, in clear and inside TLS, in the words of real ones. */
import type { CheckProtocol } from '../../src/findings/endpoint.ts';
import type { Greeting } from '../../src/findings/observation.ts';

const HOST = 'mx1.example.test';

/** Of each protocol. */
export const manners: Readonly<
  Record<
    CheckProtocol,
    {
      readonly greeting: Omit<Greeting, 'ms'> | null;
      readonly clear: readonly string[];
      readonly inside: readonly string[];
    }
  >
> = {
  smtp: {
    greeting: { lines: [`${HOST} ESMTP Postfix`], code: 220 },
    clear: [
      'PIPELINING',
      'SIZE 10240000',
      'STARTTLS',
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
      'DSN',
      'SMTPUTF8',
      'CHUNKING',
    ],
    inside: ['PIPELINING', 'SIZE 10240000', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN', 'SMTPUTF8', 'CHUNKING'],
  },
  submission: {
    greeting: { lines: [`${HOST} ESMTP Postfix`], code: 220 },
    clear: [
      'PIPELINING',
      'SIZE 10240000',
      'STARTTLS',
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
      'DSN',
      'SMTPUTF8',
      'CHUNKING',
    ],
    inside: [
      'PIPELINING',
      'SIZE 10240000',
      'AUTH PLAIN LOGIN',
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
      'DSN',
      'SMTPUTF8',
      'CHUNKING',
    ],
  },
  lmtp: {
    greeting: { lines: [`${HOST} Dovecot ready.`], code: 220 },
    clear: ['STARTTLS', '8BITMIME', 'CHUNKING', 'ENHANCEDSTATUSCODES', 'PIPELINING'],
    inside: ['8BITMIME', 'CHUNKING', 'ENHANCEDSTATUSCODES', 'PIPELINING'],
  },
  imap: {
    greeting: {
      lines: ['* OK [CAPABILITY IMAP4rev1 LITERAL+ STARTTLS LOGINDISABLED] Dovecot ready.'],
      code: null,
    },
    clear: ['IMAP4rev1', 'LITERAL+', 'STARTTLS', 'LOGINDISABLED'],
    inside: ['IMAP4rev1', 'LITERAL+', 'AUTH=PLAIN'],
  },
  pop3: {
    greeting: { lines: ['+OK Dovecot ready.'], code: null },
    clear: ['CAPA', 'TOP', 'UIDL', 'RESP-CODES', 'PIPELINING', 'STLS', 'SASL'],
    inside: ['CAPA', 'TOP', 'UIDL', 'RESP-CODES', 'PIPELINING', 'USER', 'SASL PLAIN'],
  },
  sieve: {
    greeting: {
      lines: ['"IMPLEMENTATION" "Dovecot Pigeonhole"', '"SASL" ""', '"STARTTLS"', 'OK'],
      code: null,
    },
    clear: ['"IMPLEMENTATION" "Dovecot Pigeonhole"', '"SASL" ""', '"STARTTLS"'],
    inside: ['"IMPLEMENTATION" "Dovecot Pigeonhole"', '"SASL" "PLAIN"'],
  },
  ldap: {
    greeting: null,
    clear: ['supportedExtension: 1.3.6.1.4.1.1466.20037', 'supportedLDAPVersion: 3'],
    inside: ['supportedExtension: 1.3.6.1.4.1.1466.20037', 'supportedLDAPVersion: 3'],
  },
  nntp: {
    greeting: { lines: [`${HOST} InterNetNews NNRP server INN 2.7.1 ready`], code: 200 },
    clear: ['VERSION 2', 'READER', 'STARTTLS'],
    inside: ['VERSION 2', 'READER', 'AUTHINFO USER'],
  },
  ftp: {
    greeting: { lines: ['(vsFTPd 3.0.3)'], code: 220 },
    clear: ['AUTH TLS', 'PBSZ', 'PROT'],
    inside: ['AUTH TLS', 'PBSZ', 'PROT'],
  },
  xmpp: {
    greeting: null,
    clear: ['starttls urn:ietf:params:xml:ns:xmpp-tls required'],
    inside: ['mechanisms urn:ietf:params:xml:ns:xmpp-sasl SCRAM-SHA-256'],
  },
  'xmpp-server': {
    greeting: null,
    clear: ['starttls urn:ietf:params:xml:ns:xmpp-tls required'],
    inside: ['dialback urn:xmpp:features:dialback'],
  },
  postgres: { greeting: null, clear: [], inside: [] },
  mysql: {
    greeting: { lines: ['10.11.19-MariaDB'], code: null },
    clear: ['capabilities 0x81fff7fe', 'mysql_native_password'],
    inside: [],
  },
};
