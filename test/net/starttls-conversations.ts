/** One conversation for each protocol, as a server that keeps to its RFC has it. */
import type { StartTlsProtocol } from '../../src/starttls.ts';
import type { Act } from '../support/script-server.ts';

export interface Conversation {
  /** Up to the command that asks for TLS, which is heard last. */
  readonly clear: readonly Act[];
  readonly goAhead: string;
  readonly inside: readonly Act[];
  /** The same without the offer, or with a no. */
  readonly stripped: readonly Act[];
  /** What a client that kept it would take for the first answer inside TLS. */
  readonly injected: string;
  /** What is offered. */
  readonly after: { readonly clear: readonly string[]; readonly inside: readonly string[] };
  /** What is said too early inside TLS, where that is not the greeting again. */
  readonly offByOne?: string;
}

const say = (...lines: readonly string[]): Act => ({ say: lines.map((line) => `${line}\r\n`).join('') });
const hear = (command: RegExp): Act => ({ hear: command });

function mail(hello: string): Conversation {
  const ehlo = hear(new RegExp(`^${hello} .*\r\n$`));
  return {
    clear: [
      say('220 mx.test ready'),
      ehlo,
      say('250-mx.test', '250-SIZE 1000', '250 STARTTLS'),
      hear(/^STARTTLS\r\n$/),
    ],
    goAhead: '220 go\r\n',
    inside: [ehlo, say('250-mx.test', '250 AUTH PLAIN')],
    stripped: [say('220 mx.test ready'), ehlo, say('250-mx.test', '250 SIZE 1000')],
    injected: '250 mx.test\r\n',
    after: { clear: ['SIZE 1000', 'STARTTLS'], inside: ['AUTH PLAIN'] },
  };
}

/** RFC 6120 §5.4.2: stream, features, starttls, proceed. */
function stream(kind: 'client' | 'server'): Conversation {
  const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:${kind}' xmlns:stream='http://etherx.jabber.org/streams' id='x' from='server.test' version='1.0'>`;
  const features = (inner: string): Act => ({ say: `${header}<stream:features>${inner}</stream:features>` });
  const namespace = `xmlns='urn:ietf:params:xml:ns:xmpp-tls'`;
  return {
    clear: [hear(/<stream:stream [^>]*>$/), features(`<starttls ${namespace}/>`), hear(/<starttls [^>]*>$/)],
    goAhead: `<proceed ${namespace}/>`,
    inside: [],
    stripped: [hear(/<stream:stream [^>]*>$/), features('')],
    injected: header,
    after: { clear: ['starttls urn:ietf:params:xml:ns:xmpp-tls'], inside: [] },
  };
}

/** Protocol::HandshakeV10 of MySQL. */
function greeting(lowerCapabilities: number): string {
  const lower = String.fromCharCode(lowerCapabilities & 255, lowerCapabilities >> 8);
  const challenge = ['aaaaaaaa\0', 'aaaaaaaaaaaa\0'];
  const payload = `\x0a8.0.0\0\x01\0\0\0${challenge[0]}${lower}\x2d\x02\0\x08\0\x15${'\0'.repeat(10)}${challenge[1]}mysql_native_password\0`;
  return `${String.fromCharCode(payload.length)}\0\0\0${payload}`;
}

const sieve = (...more: readonly string[]): Act => say('"SASL" "PLAIN"', ...more, 'OK');

export const conversations: Readonly<Record<StartTlsProtocol, Conversation>> = {
  smtp: mail('EHLO'),
  submission: mail('EHLO'),
  lmtp: mail('LHLO'),
  imap: {
    clear: [
      say('* OK ready'),
      hear(/^w1 CAPABILITY\r\n$/),
      say('* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED', 'w1 OK done'),
      hear(/^w2 STARTTLS\r\n$/),
    ],
    goAhead: 'w2 OK go\r\n',
    inside: [hear(/^w3 CAPABILITY\r\n$/), say('* CAPABILITY IMAP4rev1 AUTH=PLAIN', 'w3 OK done')],
    stripped: [say('* OK ready'), hear(/^w1 CAPABILITY\r\n$/), say('* CAPABILITY IMAP4rev1', 'w1 OK done')],
    injected: '* CAPABILITY IMAP4rev1\r\nw3 OK done\r\n',
    after: { clear: ['IMAP4rev1', 'STARTTLS', 'LOGINDISABLED'], inside: ['IMAP4rev1', 'AUTH=PLAIN'] },
  },
  pop3: {
    clear: [say('+OK ready'), hear(/^CAPA\r\n$/), say('+OK list', 'STLS', 'USER', '.'), hear(/^STLS\r\n$/)],
    goAhead: '+OK go\r\n',
    inside: [hear(/^CAPA\r\n$/), say('+OK list', 'USER', '.')],
    stripped: [say('+OK ready'), hear(/^CAPA\r\n$/), say('+OK list', 'USER', '.')],
    injected: '+OK list\r\nUSER\r\n.\r\n',
    after: { clear: ['STLS', 'USER'], inside: ['USER'] },
  },
  sieve: {
    clear: [sieve('"STARTTLS"'), hear(/^STARTTLS\r\n$/)],
    goAhead: 'OK\r\n',
    inside: [sieve()],
    stripped: [sieve()],
    injected: '"SASL" "PLAIN"\r\nOK\r\n',
    after: { clear: ['"SASL" "PLAIN"', '"STARTTLS"'], inside: ['"SASL" "PLAIN"'] },
    // Its greeting inside TLS is what has to come.
    offByOne: 'OK\r\n',
  },
  ldap: {
    // Extended request and response of message 1 (RFC 4511 §4.12, §4.14).
    clear: [hear(/1\.3\.6\.1\.4\.1\.1466\.20037$/)],
    goAhead: '\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00',
    inside: [],
    stripped: [hear(/20037$/), { say: '\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00' }],
    injected: '\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00',
    after: { clear: [], inside: [] },
  },
  nntp: {
    clear: [
      say('200 ready'),
      hear(/^CAPABILITIES\r\n$/),
      say('101 list', 'VERSION 2', 'STARTTLS', '.'),
      hear(/^STARTTLS\r\n$/),
    ],
    goAhead: '382 go\r\n',
    inside: [hear(/^CAPABILITIES\r\n$/), say('101 list', 'VERSION 2', '.')],
    stripped: [say('200 ready'), hear(/^CAPABILITIES\r\n$/), say('101 list', 'VERSION 2', '.')],
    injected: '101 list\r\n.\r\n',
    after: { clear: ['VERSION 2', 'STARTTLS'], inside: ['VERSION 2'] },
  },
  ftp: {
    clear: [
      say('220 ready'),
      hear(/^FEAT\r\n$/),
      say('211-x', ' AUTH TLS', '211 end'),
      hear(/^AUTH TLS\r\n$/),
    ],
    goAhead: '234 go\r\n',
    inside: [
      hear(/^PBSZ 0\r\n$/),
      say('200 PBSZ=0'),
      hear(/^PROT P\r\n$/),
      say('200 ok'),
      hear(/^FEAT\r\n$/),
      say('211-x', ' UTF8', '211 end'),
    ],
    stripped: [say('220 ready'), hear(/^FEAT\r\n$/), say('211-x', ' UTF8', '211 end')],
    injected: '200 PBSZ=0\r\n',
    after: { clear: ['AUTH TLS'], inside: ['UTF8'] },
  },
  xmpp: stream('client'),
  'xmpp-server': stream('server'),
  mysql: {
    clear: [{ say: greeting(0x8a00) }, { take: 36 }],
    goAhead: '',
    inside: [],
    stripped: [{ say: greeting(0x8200) }],
    injected: '\x07\0\0\x02\0\0\0\x02\0\0\0',
    after: { clear: ['8.0.0', 'capabilities 0x88a00', 'mysql_native_password'], inside: [] },
  },
  postgres: {
    clear: [hear(/^[^]{4}[^]\xd2[^]\x2f$/)],
    goAhead: 'S',
    inside: [],
    stripped: [hear(/\x2f$/), { say: 'N' }],
    injected: 'R\0\0\0\x08\0\0\0\0',
    after: { clear: [], inside: [] },
  },
};
