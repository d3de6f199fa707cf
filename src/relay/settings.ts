/** What the relay is told by whoever starts it. */
import type { SecureContext } from 'node:tls';
import type { PolicyEngine } from '../lookup/engine.ts';
import type { Mailbox, MailDomain } from '../names/mailbox.ts';
import type { Limits } from '../net/admission.ts';
import type { Certificates } from '../net/certificates.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { ServerPatience } from '../net/server-session.ts';
import type { RequireTlsLevel } from '../policies/message.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { OnBlocked, Rule } from '../policies/overrides/rule.ts';
import type { TlsLevel } from '../policies/words.ts';
import type { Schedule } from '../queue/schedule.ts';
import type { Account } from './accounts.ts';
import type { AuthenticationSettings } from './authentication/treatment.ts';
import type { BounceSettings } from './bounce-addresses.ts';
import type { DemandRules } from './demands.ts';
import type { DirectorySettings } from './directory.ts';
import type { DkimKey } from './dkim-key.ts';
import type { LocalDomain } from './domains.ts';
import type { Forwarding } from './forward.ts';
import type { InboundMode } from './inbound-memory.ts';
import type { InboundRule } from './inbound-tls.ts';
import type { NetworkQuota } from './quotas.ts';
import type { OutgoingPatience } from './session.ts';
import type { SignOwn } from './sign.ts';
import type { Part } from './workers/peer-word.ts';

/** How mail leaves: all that an attempt needs to know. */
export interface Outgoing {
  readonly hostname: MailDomain;
  readonly routes: readonly Route[];
  /** The operator's rules about senders and recipients, in his order. */
  readonly rules: readonly Rule[];
  /** Where no rule and no policy says otherwise; asked for each attempt. */
  readonly level: () => TlsLevel;
  /** How far REQUIRETLS is honoured where no route says otherwise. */
  readonly requireTls: RequireTlsLevel;
  /** What is to be known of a destination. */
  readonly lookUp: PolicyEngine['factsOf'];
  /** The same asked anew, past all that is kept. */
  readonly lookUpAnew: PolicyEngine['factsAnew'];
  /** Port of MX hosts. */
  readonly smtpPort: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly context: SecureContext;
  /** The same for a ClientHello that fits into one segment; made when it is first asked for. */
  readonly smallHelloContext: () => SecureContext;
  readonly deadlines: Deadlines;
  readonly patience: OutgoingPatience;
  /** Who gets what is for this address, where it is not itself a mailbox. */
  readonly readersOf: (mailbox: Mailbox) => readonly Mailbox[];
  /** The sender of the copy for one recipient, with these delimiters. */
  readonly senderFor: (sender: string, recipient: string, delimiters: string) => string;
  /** Signs what we write ourselves; undefined: there are no keys. */
  readonly sign: SignOwn | undefined;
  /** Whether a connection to this address would come back to us. */
  readonly isSelf: (address: string, port: number) => boolean;
}

/** What becomes of mail for which the required TLS cannot be had. */
export interface HoldSettings {
  /** Where neither a rule nor the route says otherwise. */
  readonly onBlocked: OnBlocked;
  /** Age at which the sender of held mail is told, once; Infinity: never. */
  readonly noticeAfterMs: number;
  /** Waits before the first, second, ... look at a destination with held mail; the last one repeats. At least one. */
  readonly probeAfterMs: readonly number[];
}

/** How the queue is worked on. */
export interface QueueSettings {
  readonly schedule: Schedule;
  readonly holds: HoldSettings;
  readonly keepFinalMs: number;
  /** To all destinations at once. */
  readonly connections: number;
  /** To one, where its route says no other number. */
  readonly connectionsPerDestination: number;
  /** To one address of an MX host, for all destinations together; null: the usual number. */
  readonly connectionsPerHost: number | null;
  /** Opened in a second, at most. */
  readonly connectionsPerSecond: number;
  /** To one, where its route says no other number; null: as many as it takes. */
  readonly messagesPerMinute: number | null;
  /** Which of several processes this is, that keep the limits of destinations together; absent: there is one. */
  readonly part?: Part;
}

/** An answer that is there, or that other processes have to be asked for. */
export type Later<Answer> = Answer | Promise<Answer>;

/** The world's clock and dice, as arguments. */
export interface World {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A range of addresses: those that share the first `prefix` bits. */
export interface Network {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefix: number;
}

export interface ListenerSettings {
  /** `submission`: for those who may relay; `mx`: for everybody, to our own domains. */
  readonly role: 'submission' | 'mx';
  readonly address: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit';
  readonly requireTls: boolean;
  /** Who may relay without a login. */
  readonly networks: readonly Network[];
  readonly bareLineEnding: 'refuse' | 'normalize';
  /** Who may speak for others by the PROXY protocol, and then must. */
  readonly proxies: readonly Network[];
  /** Who may speak for others by XCLIENT. */
  readonly fronts: readonly Network[];
  /** Whether a front may say who has logged in with it. */
  readonly frontLogins: boolean;
  /** Whether clients are asked for a certificate; none has to have one. */
  readonly clientCertificates: 'off' | 'ask';
  /** Whether XVERP is offered; absent: it is not. */
  readonly xverp?: boolean;
}

export interface RelaySettings {
  readonly listeners: readonly ListenerSettings[];
  /** The same object for the life of the relay: new pairs are put into it. */
  readonly certificates: Certificates;
  readonly limits: Limits;
  readonly accounts: readonly Account[];
  /** Where those are who are none of them; null: nowhere. */
  readonly directory: DirectorySettings | null;
  readonly domains: readonly LocalDomain[];
  /** null: nobody asks who mail is from. */
  readonly authentication: AuthenticationSettings | null;
  /** Whose mail has to come over TLS, at listeners of role mx. */
  readonly inbound: readonly InboundRule[];
  readonly inboundMemory: InboundMode;
  readonly networkQuotas: readonly NetworkQuota[];
  /** What is submitted here is signed with these. */
  readonly dkim: readonly DkimKey[];
  readonly bounces: BounceSettings;
  /** null: no mail is sent on to other domains. */
  readonly forwarding: Forwarding | null;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly maxHops: number;
  readonly demands: DemandRules;
  /** Per connection. */
  readonly maxMessagesPerSession: number;
  /** After so many errors of the client the connection ends. */
  readonly maxErrorsPerSession: number;
  readonly queue: QueueSettings;
  /** How long clients may take; the RFC's minimums outside tests. */
  readonly patience?: ServerPatience;
}
