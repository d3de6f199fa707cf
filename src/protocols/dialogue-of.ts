/** Which dialogue brings a connection of which protocol to TLS. */
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import { startTls as startTlsOfFtp } from './ftp/client.ts';
import { startTls as startTlsOfImap } from './imap/client.ts';
import { startTls as startTlsOfLdap } from './ldap/client.ts';
import { type MysqlUpgraded, startTls as startTlsOfMysql } from './mysql/client.ts';
import { startTls as startTlsOfNntp } from './nntp/client.ts';
import { startTls as startTlsOfPop3 } from './pop3/client.ts';
import { startTls as startTlsOfPostgres } from './postgres/client.ts';
import { startTls as startTlsOfSieve } from './sieve/client.ts';
import { startTls as startTlsOfSmtp } from './smtp/client/start-tls.ts';
import type { JudgeTls, Upgraded } from './upgrade.ts';
import { startTls as startTlsOfXmpp } from './xmpp/client.ts';

/** What a dialogue is told beside what the server says; each takes what its protocol has a place for. */
interface UpgradeRequest {
  readonly judge: JudgeTls;
  /** Our name for EHLO and LHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  /** The domain that is asked for (XMPP), which the certificate has to prove. */
  readonly to: string;
  /** The domain that asks (XMPP); null where it does not say. */
  readonly from: string | null;
}

/** With MySQL's greeting, which its login needs and nobody else has. */
export type UpgradeDialogue = (channel: Channel, request: UpgradeRequest) => Talk<Upgraded | MysqlUpgraded>;

const smtp: UpgradeDialogue = (channel, { judge, helloName }) =>
  startTlsOfSmtp(channel, { judge, helloName, protocol: 'smtp' });

const table = {
  smtp,
  // Apart in name only: who may log in is asked later.
  submission: smtp,
  lmtp: (channel, { judge, helloName }) => startTlsOfSmtp(channel, { judge, helloName, protocol: 'lmtp' }),
  imap: startTlsOfImap,
  pop3: startTlsOfPop3,
  sieve: startTlsOfSieve,
  ldap: startTlsOfLdap,
  nntp: startTlsOfNntp,
  ftp: startTlsOfFtp,
  xmpp: (channel, { judge, to, from }) => startTlsOfXmpp(channel, { judge, kind: 'client', to, from }),
  'xmpp-server': (channel, { judge, to, from }) =>
    startTlsOfXmpp(channel, { judge, kind: 'server', to, from }),
  postgres: (channel, { judge }) => startTlsOfPostgres(channel, { judge, direct: false }),
  mysql: (channel, { judge }) => startTlsOfMysql(channel, { judge }),
} as const satisfies Readonly<Record<string, UpgradeDialogue>>;

/** A protocol in which a connection can be upgraded. */
export type StartTlsProtocol = keyof typeof table;

/** Every one of them. */
export const startTlsProtocols: readonly string[] = Object.keys(table);

/** The dialogue of a protocol, from a fresh connection to TLS that was found acceptable. */
export function dialogueOf(protocol: StartTlsProtocol): UpgradeDialogue {
  return table[protocol];
}
