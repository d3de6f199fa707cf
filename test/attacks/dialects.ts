/** The dialects, by protocol. */
import type { Dialect, Protocol } from './dialect.ts';
import { ldap } from './dialects/ldap.ts';
import { ftp, imap, lmtp, nntp, pop3, sieve, smtp } from './dialects/lines.ts';
import { mysql } from './dialects/mysql.ts';
import { postgres } from './dialects/postgres.ts';
import { xmpp, xmppServer } from './dialects/xmpp.ts';

export const dialects: Readonly<Record<Protocol, Dialect>> = {
  smtp,
  lmtp,
  imap,
  pop3,
  sieve,
  ldap,
  nntp,
  ftp,
  xmpp,
  'xmpp-server': xmppServer,
  postgres,
  mysql,
};
