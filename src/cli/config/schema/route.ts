/** `[[route]]`: rules for recipient domains. */
import { z } from 'zod';
import { parseMailDomain } from '../../../names/mailbox.ts';
import type { RouteConfig } from '../config.ts';
import {
  parseIpAddress,
  parseNamePattern,
  parseNextHop,
  parsePassword,
  parsePath,
  parseRoutePattern,
  parseUser,
} from '../values.ts';
import {
  type Complain,
  complaints,
  count,
  list,
  onBlockedWords,
  reading,
  requireTlsKey,
  requireTlsOfSmtps,
  secret,
  sourceOf,
  text,
  tlsLevels,
} from './kit.ts';

const written = z.strictObject({
  match: text(parseRoutePattern, 'example.net').describe(
    'Recipient domain: "example.net", ".example.net" for all names below it, or "*".',
  ),
  to: text(parseNextHop, 'smtp://mail.example.net:25')
    .optional()
    .describe(
      'Next hop: smtp:// (port 25), smtps:// (TLS from the first byte, port 465) or lmtp:// (port 24); without this key the MX hosts of the domain.',
    ),
  tls: z
    .enum(tlsLevels)
    .optional()
    .meta({
      description:
        'off, may, encrypt or authenticate. Default: authenticate with a login, at least encrypt with smtps://, else whatever holds for everyone.',
      examples: ['authenticate'],
    }),
  requiretls: requireTlsKey('Of messages that were sent with REQUIRETLS. Default: as in [relay].').optional(),
  on_blocked: z
    .enum(onBlockedWords)
    .optional()
    .describe(
      'What becomes of mail here for which the required TLS cannot be had: hold, bounce or drop; without this key as [relay] says.',
    ),
  names: list(text(parseNamePattern, 'mx.example.net', '.mail.example.net'), 'name')
    .optional()
    .describe('Further names, or ".suffixes", that the certificate may prove where tls = "authenticate".'),
  user: text(parseUser, 'relay')
    .optional()
    .describe(
      'Name to log in with at the next hop; only SCRAM-SHA-256 where tls = "encrypt" and the certificate proves nothing.',
    ),
  password: reading(secret(), parsePassword).optional().describe('Password to log in with.'),
  password_file: text(parsePath, '/etc/waxwing/password')
    .optional()
    .describe('File that holds the password alone, instead of password.'),
  hello: text(parseMailDomain, 'out.example.test')
    .optional()
    .describe('EHLO name for these deliveries; without this key hostname.'),
  source: text(parseIpAddress, '192.0.2.25').optional().describe('Local address to connect from.'),
  connections: count(1, 65535)
    .optional()
    .meta({
      description:
        'Connections at once to each destination of this route; without this key relay.connections_per_destination.',
      examples: [2],
    }),
  messages_per_minute: count(1, 60_000)
    .optional()
    .meta({
      description:
        'Messages that each destination of this route gets in a minute, evenly spaced; without this key relay.messages_per_minute.',
      examples: [60],
    }),
});

type Written = z.output<typeof written>;

export const route = written.transform((rule, context): RouteConfig => {
  const complain = complaints(context);
  const login = loginOf(rule, complain);
  requireTlsOfSmtps(complain, rule.to, rule.tls);
  return {
    match: rule.match,
    to: rule.to ?? null,
    tls: rule.tls ?? (login === null ? null : 'authenticate'),
    requireTls: rule.requiretls ?? null,
    onBlocked: rule.on_blocked ?? null,
    names: rule.names ?? [],
    login,
    hello: rule.hello ?? null,
    source: rule.source ?? null,
    connections: rule.connections ?? null,
    messagesPerMinute: rule.messages_per_minute ?? null,
  };
});

function loginOf(rule: Written, complain: Complain): RouteConfig['login'] {
  const { user, to, tls } = rule;
  const password = sourceOf(complain, ['password', rule.password], ['password_file', rule.password_file]);
  if (user === undefined) {
    if (password !== undefined) complain('user', 'is missing beside the password');
    return null;
  }
  // Whoever answers for a domain's MX must not be given a password.
  if (to === undefined) complain('user', 'needs to: nobody logs in at MX hosts');
  if (tls === 'off' || tls === 'may') {
    complain('tls', `cannot be "${tls}" with a login: the password would go to whoever is on the way`);
  }
  if (password === undefined) complain('password', 'is missing beside user, and there is no password_file');
  return password === undefined ? null : { user, password };
}
