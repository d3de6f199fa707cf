/** A server that lets itself be talked out of TLS: logins are offered in clear, or taken. RFC 9051 §11.7, RFC 8314 §4.1. */
import type { Attack } from '../cell.ts';
import { assaults, heardBy } from '../defender.ts';
import { type Protocol, SECRET } from '../dialect.ts';

/** What an offer of a login looks like; protocols without such offers are left out. */
const offers: Readonly<Partial<Record<Protocol, RegExp>>> = {
  smtp: /^250[- ]AUTH\b/m,
  lmtp: /^250[- ]AUTH\b/m,
  imap: /AUTH=|CAPABILITY(?![^\r]*LOGINDISABLED)/,
  pop3: /^(?:USER|SASL)\b|<[^>]*@[^>]*>/m,
  sieve: /^"SASL" "[^"]/m,
  nntp: /^(?:AUTHINFO|SASL)\b/m,
  xmpp: /<mechanism>/,
  'xmpp-server': /<mechanism>/,
};

/** The code or word by which any of them takes a login. */
const accepted = (answer: string): boolean =>
  /^(?:2[0-9][0-9]|\+OK|OK|w9 OK)|<success/.test(answer) || answer.includes('\x61\x07\x0a\x01\x00');

export const loginInClear: Attack = {
  name: 'login-in-clear',
  cells: assaults([
    {
      how: 'the offers in clear hold no login',
      weak: ['offersLogins'],
      occasion: ({ protocol }) => offers[protocol] !== undefined,
      async attack({ come, dialect }) {
        const client = await come();
        const said = await client.approach();
        return offers[dialect.protocol]?.test(said) === true ? `a login is offered: ${said}` : undefined;
      },
    },
    {
      how: 'a login in clear is refused, and goes nowhere',
      weak: ['keepsState'],
      async attack({ come, dialect, backend }) {
        const client = await come();
        await client.approach();
        client.say(dialect.login);
        const answer = await client.hear();
        if (heardBy(backend).includes(SECRET)) return 'the login reached the backend';
        return accepted(answer) ? `it was taken: ${answer}` : undefined;
      },
    },
  ]),
  without: (role) => (role === 'client' || role === 'reverse' ? 'stripping' : 'mail comes in by SMTP only'),
};
