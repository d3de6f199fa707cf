/** Servers of mailboxes that are wrong in a way that no real program of today is. */
import { type HostileCase, hostile } from '../hostile-case.ts';
import type { Behaviour, Talk } from '../talk.ts';

interface ImapManners {
  readonly greeting?: string;
  readonly capabilities?: string;
  readonly insideCapabilities?: string;
  /** Whether AUTHENTICATE is taken in clear. */
  readonly login?: boolean;
  readonly leftover?: 'kept' | 'dropped' | 'to-tls';
}

/** A conversation of IMAP from the greeting to the goodbye. */
export function imap(manners: ImapManners = {}): Behaviour {
  return async (talk) => {
    const { capabilities = 'IMAP4rev1 STARTTLS LOGINDISABLED', insideCapabilities = 'IMAP4rev1 AUTH=PLAIN' } =
      manners;
    let inside = false;
    talk.say(manners.greeting ?? '* OK mx.zoo.test ready\r\n');
    for (;;) {
      const [tag = '', word = ''] = (await talk.line()).split(' ');
      switch (word.toUpperCase()) {
        case 'CAPABILITY':
          talk.say(`* CAPABILITY ${inside ? insideCapabilities : capabilities}\r\n${tag} OK done\r\n`);
          break;
        case 'STARTTLS': {
          if (inside || !capabilities.includes('STARTTLS')) {
            talk.say(`${tag} BAD no\r\n`);
            break;
          }
          talk.say(`${tag} OK go\r\n`);
          const leftover = talk.unread();
          if (manners.leftover === 'to-tls' && leftover !== '') talk.handOn(leftover);
          await talk.secure();
          if (manners.leftover === 'kept') talk.putBack(leftover);
          inside = true;
          break;
        }
        case 'AUTHENTICATE':
          if (!inside && manners.login !== true) talk.say(`${tag} NO [PRIVACYREQUIRED] not in clear\r\n`);
          else await cancelled(talk, tag);
          break;
        case 'LOGOUT':
          talk.say(`* BYE\r\n${tag} OK bye\r\n`);
          return talk.end();
        default:
          talk.say(`${tag} OK done\r\n`);
      }
    }
  };
}

async function cancelled(talk: Talk, tag: string): Promise<void> {
  talk.say('+ \r\n');
  const answer = await talk.line();
  talk.say(answer === '*' ? `${tag} BAD cancelled\r\n` : `${tag} NO wrong\r\n`);
}

/** TLS first, and nothing to upgrade. */
const imaps: Behaviour = async (talk) => {
  await talk.secure();
  await imap({ capabilities: 'IMAP4rev1 AUTH=PLAIN', login: true })(talk);
};

/** A conversation of POP3 without TLS. */
const pop3: Behaviour = async (talk) => {
  talk.say('+OK mx.zoo.test ready\r\n');
  for (;;) {
    const verb = (await talk.line()).split(' ')[0]?.toUpperCase();
    if (verb === 'CAPA') talk.say('+OK list\r\nTOP\r\nUIDL\r\n.\r\n');
    else if (verb === 'QUIT') {
      talk.say('+OK bye\r\n');
      return talk.end();
    } else talk.say('-ERR no\r\n');
  }
};

export const mailboxCases: readonly HostileCase[] = [
  hostile({
    name: 'imap-in-clear-beside',
    shows: 'TLS at port 993, and none at port 143',
    protocol: 'imap',
    behave: imap({ capabilities: 'IMAP4rev1 LOGINDISABLED' }),
    beside: imaps,
  }),
  hostile({
    name: 'pop3-in-clear-beside',
    shows: 'TLS at port 995, and none at port 110',
    protocol: 'pop3',
    behave: pop3,
    beside: async (talk) => {
      await talk.secure();
      await pop3(talk);
    },
  }),
  hostile({ name: 'imap-right', shows: 'all in order', protocol: 'imap', behave: imap() }),
  hostile({
    name: 'imap-preauth',
    shows: 'says that the client is logged in already (PREAUTH)',
    protocol: 'imap',
    behave: imap({ greeting: '* PREAUTH mx.zoo.test welcome back\r\n' }),
  }),
  hostile({
    name: 'imap-injection',
    shows: 'runs inside TLS what came in clear',
    protocol: 'imap',
    behave: imap({ leftover: 'kept' }),
  }),
  hostile({
    name: 'imap-login-in-clear',
    shows: 'takes logins in clear',
    protocol: 'imap',
    behave: imap({ capabilities: 'IMAP4rev1 STARTTLS AUTH=PLAIN', login: true }),
  }),
  hostile({
    name: 'imap-offered-inside',
    shows: 'offers STARTTLS inside TLS',
    protocol: 'imap',
    behave: imap({ insideCapabilities: 'IMAP4rev1 STARTTLS AUTH=PLAIN' }),
  }),
  hostile({
    name: 'imap-not-offered',
    shows: 'STARTTLS is not offered',
    protocol: 'imap',
    behave: imap({ capabilities: 'IMAP4rev1 AUTH=PLAIN', login: true }),
  }),
];
