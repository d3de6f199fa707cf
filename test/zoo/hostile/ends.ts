/** Servers that do not let themselves be tested: slow, endless, throttling, gone, or of another protocol. */
import { type HostileCase, hostile } from '../hostile-case.ts';
import { smtp } from '../hostile-smtp.ts';

/** Of one connection; short, because all of these use it up. */
const timeoutMs = 600;

export const endingCases: readonly HostileCase[] = [
  hostile({
    name: 'refused',
    shows: 'nobody listens',
    behave: null,
  }),
  hostile({
    name: 'private',
    shows: 'an address of a network of its own, where a stranger’s zone must not lead us',
    doors: ['private'],
    behave: null,
  }),
  hostile({
    name: 'silent',
    shows: 'takes the connection, and says nothing',
    timeoutMs,
    behave: (talk) => talk.stay(),
  }),
  hostile({
    name: 'closes',
    shows: 'closes at once',
    behave: async (talk) => talk.end(),
  }),
  hostile({
    name: 'resets',
    shows: 'resets at once',
    behave: async (talk) => talk.reset(),
  }),
  hostile({
    name: 'drip-greeting',
    shows: 'the greeting comes octet by octet, and never ends',
    timeoutMs,
    behave: (talk) => talk.drip('220-mx.zoo.test ', 20),
  }),
  hostile({
    name: 'endless-line',
    shows: 'a line without an end',
    behave: (talk) => talk.flood('x'),
  }),
  hostile({
    name: 'endless-greeting',
    shows: 'a greeting of lines without an end',
    behave: (talk) => talk.flood('220-mx.zoo.test\r\n'),
  }),
  hostile({
    name: 'endless-hello',
    shows: 'an answer to EHLO without an end',
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\r\n');
      await talk.line();
      await talk.flood('250-X-WORD\r\n');
    },
  }),
  hostile({
    name: 'drip-hello',
    shows: 'the answer to EHLO comes octet by octet',
    timeoutMs,
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\r\n');
      await talk.line();
      await talk.drip('250-mx.zoo.test\r\n', 20);
    },
  }),
  hostile({
    name: 'tarpit',
    shows: 'every answer takes as long as one connection may',
    // The first of them has to come in time on a busy host, too.
    timeoutMs: 1_600,
    behave: smtp({ delayMs: 1_000 }),
  }),
  hostile({
    name: 'silent-hello',
    shows: 'greets, and never answers EHLO',
    timeoutMs,
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\r\n');
      await talk.stay();
    },
  }),
  hostile({
    name: 'stops-reading',
    shows: 'greets, and reads nothing',
    timeoutMs,
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\r\n');
      await talk.pause(60_000);
    },
  }),
  hostile({
    name: 'half-open',
    shows: 'greets, ends its side, and goes on listening',
    timeoutMs,
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\r\n');
      talk.end();
      await talk.stay();
    },
  }),
  hostile({
    name: 'silent-handshake',
    shows: 'says go ahead, and no handshake comes',
    timeoutMs,
    behave: smtp({ upgrade: (talk) => talk.stay() }),
  }),
  hostile({
    name: 'drip-handshake',
    shows: 'says go ahead, and the handshake comes octet by octet',
    timeoutMs,
    behave: smtp({
      upgrade: async (talk) => {
        // Behind the ClientHello.
        await talk.pause(60);
        await talk.drip('\x16\x03\x03\x40\x00\x02', 20);
      },
    }),
  }),
  hostile({
    name: 'silent-inside',
    shows: 'no answer to EHLO inside TLS',
    timeoutMs,
    behave: smtp({
      upgrade: async (talk) => {
        await talk.secure();
        await talk.stay();
      },
    }),
  }),
  hostile({
    name: 'throttled-greeting',
    shows: '421 in place of a greeting',
    behave: async (talk) => {
      talk.say('421 4.7.0 mx.zoo.test too many connections from your address, try again later\r\n');
      talk.end();
    },
  }),
  hostile({
    name: 'throttled-hello',
    shows: '421 in answer to EHLO',
    behave: smtp({ answer: (verb) => (verb === 'EHLO' ? '421 4.3.2 too busy\r\n' : undefined) }),
  }),
  hostile({
    name: 'throttled-later',
    shows: '421 from the second connection on',
    behave: (talk) =>
      talk.connection === 0 ? smtp()(talk) : smtp({ greeting: '421 4.7.0 you again\r\n' })(talk),
  }),
  hostile({
    name: 'greylisted',
    shows: '450 in answer to EHLO',
    behave: smtp({ answer: (verb) => (verb === 'EHLO' ? '450 4.7.1 come back later\r\n' : undefined) }),
  }),
  hostile({
    name: 'blocked',
    shows: '554 in place of a greeting',
    behave: async (talk) => {
      talk.say('554 5.7.1 mx.zoo.test your address is on a list\r\n');
      await talk.line();
      talk.say('221 bye\r\n');
      talk.end();
    },
  }),
  hostile({
    name: 'ssh',
    shows: 'SSH',
    timeoutMs,
    behave: async (talk) => {
      talk.say('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5\r\n');
      await talk.stay();
    },
  }),
  hostile({
    name: 'http',
    shows: 'HTTP',
    behave: async (talk) => {
      talk.say('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      talk.end();
    },
  }),
  hostile({
    name: 'binary',
    shows: 'octets that are no text',
    behave: async (talk) => {
      talk.say('\x00\x01\xff\xfe\x1b[2J\r\n');
      await talk.stay();
    },
  }),
  hostile({
    name: 'tls-first',
    shows: 'TLS from the first octet, where STARTTLS is expected',
    timeoutMs,
    behave: async (talk) => {
      await talk.secure();
      await smtp()(talk);
    },
  }),
  hostile({
    name: 'imap-silent',
    shows: 'takes the connection, and says nothing',
    protocol: 'imap',
    timeoutMs,
    behave: (talk) => talk.stay(),
  }),
  hostile({
    name: 'imap-endless',
    shows: 'lines without an end',
    protocol: 'imap',
    behave: (talk) => talk.flood('* OK still there\r\n'),
  }),
  hostile({
    name: 'imap-bye',
    shows: 'says goodbye first',
    protocol: 'imap',
    behave: async (talk) => {
      talk.say('* BYE too many connections\r\n');
      talk.end();
    },
  }),
  hostile({
    name: 'pop3-error',
    shows: 'an error in place of a greeting',
    protocol: 'pop3',
    behave: async (talk) => {
      talk.say('-ERR [SYS/TEMP] too busy\r\n');
      talk.end();
    },
  }),
  hostile({
    name: 'ldap-endless',
    shows: 'a message without an end',
    protocol: 'ldap',
    timeoutMs,
    behave: async (talk) => {
      talk.say('\x30\x84\x7f\xff\xff\xff');
      await talk.flood('\x00');
    },
  }),
  hostile({
    name: 'mysql-short',
    shows: 'a greeting that is cut off',
    protocol: 'mysql',
    timeoutMs,
    behave: async (talk) => {
      talk.say('\x4a\x00\x00\x00\x0a8.0');
      await talk.stay();
    },
  }),
  hostile({
    name: 'postgres-error',
    shows: 'an error in answer to the request for TLS',
    protocol: 'postgres',
    behave: async (talk) => {
      await talk.pause(50);
      talk.say('E');
      talk.end();
    },
  }),
];
