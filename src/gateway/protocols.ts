/** What a gateway knows of each protocol: who stands in front, who stands in reverse, and how the upgrade is asked for. */
import { dialogueOf } from '../protocols/dialogue-of.ts';
import { judgedHandshake } from '../protocols/handshake.ts';
import { imapFront } from '../protocols/imap/front.ts';
import { imapReverse } from '../protocols/imap/reverse.ts';
import { ldapFront } from '../protocols/ldap/front.ts';
import { ldapReverse } from '../protocols/ldap/reverse.ts';
import { mysqlFront } from '../protocols/mysql/front.ts';
import { mysqlReverse } from '../protocols/mysql/reverse.ts';
import { nntpFront } from '../protocols/nntp/front.ts';
import { nntpReverse } from '../protocols/nntp/reverse.ts';
import { pop3Front } from '../protocols/pop3/front.ts';
import { pop3Reverse } from '../protocols/pop3/reverse.ts';
import { postgresFront } from '../protocols/postgres/front.ts';
import { postgresReverse } from '../protocols/postgres/reverse.ts';
import { sieveFront } from '../protocols/sieve/front.ts';
import { sieveReverse } from '../protocols/sieve/reverse.ts';
import { lmtpFront, smtpFront, submissionFront } from '../protocols/smtp/gateway/front.ts';
import { lmtpReverse, smtpReverse } from '../protocols/smtp/gateway/reverse.ts';
import type { JudgeTls, Upgraded } from '../protocols/upgrade.ts';
import { xmppFront } from '../protocols/xmpp/front.ts';
import { xmppReverse } from '../protocols/xmpp/reverse.ts';
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import {
  beginGatewaySession,
  type FrontRules,
  type GatewayRun,
  type GatewaySession,
  type ReverseRules,
} from '../wire/gateway-session.ts';
import type { GatewayProtocol } from './settings.ts';

type UpgradeDialogue = ReturnType<typeof dialogueOf>;

interface Protocol {
  /**
   * What a client that names its protocol may name (ALPN, RFC 7301; IANA's registry). Where there is nothing, one that
   * names any is cut off: it wants another protocol (ALPACA).
   */
  readonly alpn: readonly string[];
  readonly front: (rules: FrontRules) => GatewayRun;
  readonly reverse: (rules: ReverseRules) => GatewayRun;
  /** undefined: the session asks for TLS by itself, in the middle of its own exchange. */
  readonly upgrade: UpgradeDialogue | undefined;
}

/** IANA lists no name for SMTP; these two are what Exim takes. */
const SMTP_ALPN = ['smtp', 'esmtp'];

const table: Readonly<Record<GatewayProtocol, Protocol>> = {
  smtp: protocol(SMTP_ALPN, smtpFront, smtpReverse, dialogueOf('smtp')),
  submission: protocol(SMTP_ALPN, submissionFront, smtpReverse, dialogueOf('submission')),
  lmtp: protocol(SMTP_ALPN, lmtpFront, lmtpReverse, dialogueOf('lmtp')),
  imap: protocol(['imap'], imapFront, imapReverse, dialogueOf('imap')),
  pop3: protocol(['pop3'], pop3Front, pop3Reverse, dialogueOf('pop3')),
  sieve: protocol(['managesieve'], sieveFront, sieveReverse, dialogueOf('sieve')),
  ldap: protocol([], ldapFront, ldapReverse, dialogueOf('ldap')),
  nntp: protocol(['nntp'], nntpFront, nntpReverse, dialogueOf('nntp')),
  xmpp: protocol(
    ['xmpp-client'],
    (rules) => xmppFront(rules, 'client'),
    (rules) => xmppReverse(rules, 'client'),
    dialogueOf('xmpp'),
  ),
  'xmpp-server': protocol(
    ['xmpp-server'],
    (rules) => xmppFront(rules, 'server'),
    (rules) => xmppReverse(rules, 'server'),
    dialogueOf('xmpp-server'),
  ),
  postgres: protocol(['postgresql'], postgresFront, postgresReverse, dialogueOf('postgres')),
  // What its request for TLS has to say is known only once the client has spoken.
  mysql: protocol([], mysqlFront, mysqlReverse, undefined),
};

/** Sessions of every kind of state become alike. */
function protocol<Front, Reverse>(
  alpn: readonly string[],
  front: (rules: FrontRules) => GatewaySession<Front>,
  reverse: (rules: ReverseRules) => GatewaySession<Reverse>,
  upgrade: UpgradeDialogue | undefined,
): Protocol {
  return {
    alpn,
    front: (rules) => beginGatewaySession(front(rules)),
    reverse: (rules) => beginGatewaySession(reverse(rules)),
    upgrade,
  };
}

export function alpnOf(name: GatewayProtocol): readonly string[] {
  return table[name].alpn;
}

export function beginFront(name: GatewayProtocol, rules: FrontRules): GatewayRun {
  return table[name].front(rules);
}

export function beginReverse(name: GatewayProtocol, rules: ReverseRules): GatewayRun {
  return table[name].reverse(rules);
}

/** @returns undefined where the session asks for TLS by itself, in the middle of its own exchange. */
export function upgradeDialogue(name: GatewayProtocol): UpgradeDialogue | undefined {
  return table[name].upgrade;
}

/** Brings TLS up where everything before it is said. */
export function* secureInPlace(channel: Channel, judge: JudgeTls): Talk<Upgraded> {
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;
  return { kind: 'secured', facts: handshake.facts, clear: [], inside: [] };
}
