/** How one protocol is visited: what a dialect of it has to bring along. */

import type { TlsMode } from '../findings/endpoint.ts';
import type {
  AnswerSeen,
  Greeting,
  InjectionSeen,
  IntrusiveSeen,
  MailboxSeen,
  ObservedTls,
  SmtpSeen,
  StateSeen,
  Step,
  Upgrade,
  VisitEnd,
} from '../findings/observation.ts';
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';

export interface VisitRequest {
  /** Our name for EHLO and LHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  readonly tls: TlsMode;
  /** The name that the server was called by, which XMPP asks for; null for an address. */
  readonly to: string | null;
  /** Whether questions are asked that a mail client would not: a second STARTTLS, a login in clear. */
  readonly curious: boolean;
  /** Whether the owner lets us ask what costs the server something, or leaves traces: MAIL in clear. */
  readonly intrusive: boolean;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
}

/** What a visit has seen so far: filled in on the way, so that it is there when the connection breaks. */
export interface VisitDraft {
  /** Where we are: what is to blame when the connection ends here. */
  step: Step;
  greeting: Greeting | null;
  smtp: SmtpSeen | null;
  mailbox: MailboxSeen | null;
  clear: readonly string[] | null;
  upgrade: Upgrade;
  tls: ObservedTls | null;
  inside: readonly string[] | null;
  again: AnswerSeen | null;
}

export interface Dialect {
  /**
   * What is named in the handshake (ALPN, RFC 7301) where TLS comes at once; undefined where nothing is.
   *
   * PostgreSQL 17 takes nobody without it, as by it a server is known to be one; XMPP has it on ports that it shares with HTTPS.
   */
  readonly alpn?: readonly string[];
  /**
   * A whole visit, from the connection (or TLS at once) to goodbye. It judges nothing, ends politely where it can, and goes
   * on behind TLS whatever the certificate is.
   *
   * @throws PeerError where the server breaks the protocol; whoever drives makes a {@link VisitEnd} of it.
   */
  readonly visit: (channel: Channel, request: VisitRequest, draft: VisitDraft) => Talk<VisitEnd>;
  /**
   * Sends a harmless command in the same segment as STARTTLS, and finds out by counting answers inside TLS, not by waiting,
   * whether it was taken there. null where the protocol has no room for it. The transcript is left empty: whoever drives has it.
   */
  readonly injection: ((channel: Channel, request: VisitRequest) => Talk<InjectionSeen | VisitEnd>) | null;
  /**
   * Whether what was said in clear still counts inside TLS; null where nothing that can be said before would. The transcript
   * is left empty, too.
   */
  readonly state: ((channel: Channel, request: VisitRequest) => Talk<StateSeen | VisitEnd>) | null;
  /** What is asked only with the owner's consent; absent where there is nothing of the kind. */
  readonly intrusive?: (channel: Channel, request: VisitRequest) => Talk<IntrusiveSeen | VisitEnd>;
}
