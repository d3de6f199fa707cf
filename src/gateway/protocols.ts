/** What a gateway knows of each protocol: who stands in front, who stands in reverse, and how the upgrade is asked for. */
import { judgedHandshake } from '../protocols/handshake.ts';
import { startTls as startTlsOfImap } from '../protocols/imap/client.ts';
import { imapFront } from '../protocols/imap/front.ts';
import { imapReverse } from '../protocols/imap/reverse.ts';
import { startTls as startTlsOfLdap } from '../protocols/ldap/client.ts';
import { ldapFront } from '../protocols/ldap/front.ts';
import { ldapReverse } from '../protocols/ldap/reverse.ts';
import { startTls as startTlsOfNntp } from '../protocols/nntp/client.ts';
import { nntpFront } from '../protocols/nntp/front.ts';
import { nntpReverse } from '../protocols/nntp/reverse.ts';
import { startTls as startTlsOfSieve } from '../protocols/sieve/client.ts';
import { sieveFront } from '../protocols/sieve/front.ts';
import { sieveReverse } from '../protocols/sieve/reverse.ts';
import { startTls as startTlsOfSmtp } from '../protocols/smtp/client/start-tls.ts';
import { lmtpFront, smtpFront, submissionFront } from '../protocols/smtp/gateway/front.ts';
import { lmtpReverse, smtpReverse } from '../protocols/smtp/gateway/reverse.ts';
import type { JudgeTls, Upgraded } from '../protocols/upgrade.ts';
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

/** What a dialogue is told beside the octets. */
export interface UpgradeTerms {
  readonly judge: JudgeTls;
  /** Our name. */
  readonly hostname: string;
  /** What the certificate has to prove, as text. */
  readonly serverName: string;
}

export type UpgradeDialogue = (channel: Channel, terms: UpgradeTerms) => Talk<Upgraded>;

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

const started =
  <Rules, State>(session: (rules: Rules) => GatewaySession<State>) =>
  (rules: Rules): GatewayRun =>
    beginGatewaySession(session(rules));

/** IANA lists no name for SMTP; these two are what Exim takes. */
const SMTP_ALPN = ['smtp', 'esmtp'];

const upgradeOfSmtp =
  (protocol: 'smtp' | 'lmtp'): UpgradeDialogue =>
  (channel, { judge, hostname }) =>
    startTlsOfSmtp(channel, { judge, helloName: hostname, protocol });

const table: Readonly<Partial<Record<GatewayProtocol, Protocol>>> = {
  smtp: {
    alpn: SMTP_ALPN,
    front: started(smtpFront),
    reverse: started(smtpReverse),
    upgrade: upgradeOfSmtp('smtp'),
  },
  submission: {
    alpn: SMTP_ALPN,
    front: started(submissionFront),
    reverse: started(smtpReverse),
    upgrade: upgradeOfSmtp('smtp'),
  },
  lmtp: {
    alpn: SMTP_ALPN,
    front: started(lmtpFront),
    reverse: started(lmtpReverse),
    upgrade: upgradeOfSmtp('lmtp'),
  },
  imap: {
    alpn: ['imap'],
    front: started(imapFront),
    reverse: started(imapReverse),
    upgrade: startTlsOfImap,
  },
  sieve: {
    alpn: ['managesieve'],
    front: started(sieveFront),
    reverse: started(sieveReverse),
    upgrade: startTlsOfSieve,
  },
  ldap: { alpn: [], front: started(ldapFront), reverse: started(ldapReverse), upgrade: startTlsOfLdap },
  nntp: {
    alpn: ['nntp'],
    front: started(nntpFront),
    reverse: started(nntpReverse),
    upgrade: startTlsOfNntp,
  },
};

function protocolOf(name: GatewayProtocol): Protocol {
  const protocol = table[name];
  if (protocol === undefined) throw new Error(`there is no gateway for ${name}`);
  return protocol;
}

export function alpnOf(name: GatewayProtocol): readonly string[] {
  return protocolOf(name).alpn;
}

export function beginFront(name: GatewayProtocol, rules: FrontRules): GatewayRun {
  return protocolOf(name).front(rules);
}

export function beginReverse(name: GatewayProtocol, rules: ReverseRules): GatewayRun {
  return protocolOf(name).reverse(rules);
}

/** @returns undefined where the session asks for TLS by itself, in the middle of its own exchange. */
export function upgradeDialogue(name: GatewayProtocol): UpgradeDialogue | undefined {
  return protocolOf(name).upgrade;
}

/** Brings TLS up where everything before it is said. */
export function* secureInPlace(channel: Channel, judge: JudgeTls): Talk<Upgraded> {
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;
  return { kind: 'secured', facts: handshake.facts, clear: [], inside: [] };
}
