/** How a server of SMTP behaves in a conversation: right in everything but what it is told. */
import type { Behaviour, Talk, TlsManners } from './talk.ts';

export interface Manners {
  readonly greeting?: string;
  /** Keyword lines in clear; by default PIPELINING, STARTTLS and 8BITMIME. */
  readonly offers?: readonly string[];
  /** Keyword lines inside TLS. */
  readonly inside?: readonly string[];
  /** In place of the usual answer to a command (EHLO, STARTTLS …) where it gives one. */
  readonly answer?: (verb: string, talk: Talk, where: 'clear' | 'inside') => string | undefined;
  /** What happens behind the go-ahead, in place of the handshake. */
  readonly upgrade?: (talk: Talk) => Promise<void>;
  readonly tls?: TlsManners;
  /** Milliseconds before each answer. */
  readonly delayMs?: number;
  /** What was read behind STARTTLS in clear is run inside TLS (CVE-2011-0411), thrown away, or left to the handshake. */
  readonly leftover?: 'kept' | 'dropped' | 'to-tls';
  /** What was begun in clear counts inside TLS. */
  readonly keepsState?: boolean;
  /** STARTTLS is taken a second time. */
  readonly upgradesTwice?: boolean;
}

const OFFERS = ['PIPELINING', 'STARTTLS', '8BITMIME'];
const INSIDE = ['PIPELINING', '8BITMIME'];

/** A conversation from the greeting to the goodbye. */
export function smtp(manners: Manners = {}): Behaviour {
  return async (talk) => {
    const { greeting = '220 mx.zoo.test ESMTP\r\n', delayMs = 0 } = manners;
    let where: 'clear' | 'inside' = 'clear';
    let began = false;
    if (delayMs > 0) await talk.pause(delayMs);
    talk.say(greeting);
    for (;;) {
      const line = await talk.line();
      const verb = (line.split(' ')[0] ?? '').toUpperCase();
      if (delayMs > 0) await talk.pause(delayMs);
      const special = manners.answer?.(verb, talk, where);
      if (special !== undefined) {
        talk.say(special);
        continue;
      }
      if (verb === 'STARTTLS' && (where === 'clear' || manners.upgradesTwice === true)) {
        talk.say('220 2.0.0 go ahead\r\n');
        if (where === 'inside') await talk.stay();
        const leftover = talk.unread();
        if (manners.leftover === 'to-tls' && leftover !== '') talk.handOn(leftover);
        if (manners.upgrade !== undefined) await manners.upgrade(talk);
        else await talk.secure(manners.tls);
        if (manners.leftover === 'kept') talk.putBack(leftover);
        if (manners.keepsState !== true) began = false;
        where = 'inside';
        continue;
      }
      if (verb === 'MAIL') {
        talk.say(began ? '503 5.5.1 a transaction has begun\r\n' : '250 2.1.0 ok\r\n');
        began = true;
        continue;
      }
      if (verb === 'RSET' || verb === 'EHLO') began = began && verb === 'EHLO' && manners.keepsState === true;
      talk.say(usual(verb, where === 'clear' ? (manners.offers ?? OFFERS) : (manners.inside ?? INSIDE)));
      if (verb === 'QUIT') return talk.end();
    }
  };
}

function usual(verb: string, offers: readonly string[]): string {
  switch (verb) {
    case 'EHLO':
      return ['mx.zoo.test', ...offers]
        .map((line, at) => `250${at === offers.length ? ' ' : '-'}${line}\r\n`)
        .join('');
    case 'HELO':
    case 'NOOP':
    case 'RSET':
      return '250 2.0.0 ok\r\n';
    case 'STARTTLS':
      return '503 5.5.1 TLS is active\r\n';
    case 'RCPT':
      return '550 5.1.1 nobody here\r\n';
    case 'QUIT':
      return '221 2.0.0 bye\r\n';
    default:
      return '502 5.5.2 what?\r\n';
  }
}
