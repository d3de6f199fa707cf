/** Which dialect a protocol is visited in. */
import type { CheckProtocol } from '../findings/endpoint.ts';
import { ftpDialect } from './dialects/ftp.ts';
import { imapDialect } from './dialects/imap.ts';
import { ldapDialect } from './dialects/ldap.ts';
import { mysqlDialect } from './dialects/mysql.ts';
import { nntpDialect } from './dialects/nntp.ts';
import { pop3Dialect } from './dialects/pop3.ts';
import { postgresDialect } from './dialects/postgres.ts';
import { sieveDialect } from './dialects/sieve.ts';
import { lmtpDialect, smtpDialect } from './dialects/smtp.ts';
import { xmppDialect, xmppServerDialect } from './dialects/xmpp.ts';
import type { Dialect } from './visit.ts';

const dialects: Readonly<Record<CheckProtocol, Dialect>> = {
  smtp: smtpDialect,
  submission: smtpDialect,
  lmtp: lmtpDialect,
  imap: imapDialect,
  pop3: pop3Dialect,
  sieve: sieveDialect,
  ldap: ldapDialect,
  nntp: nntpDialect,
  ftp: ftpDialect,
  xmpp: xmppDialect,
  'xmpp-server': xmppServerDialect,
  postgres: postgresDialect,
  mysql: mysqlDialect,
};

export function dialectOf(protocol: CheckProtocol): Dialect {
  return dialects[protocol];
}
