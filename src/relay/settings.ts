/** What the relay is told by whoever starts it. */
import type { SecureContext } from 'node:tls';
import type { MailDomain } from '../names/mailbox.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { Dns } from '../net/dns.ts';
import type { Patience } from '../net/drive.ts';
import type { Decision } from '../policies/decide.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { Schedule } from '../queue/schedule.ts';

/** How mail leaves: all that an attempt needs to know. */
export interface Outgoing {
  readonly hostname: MailDomain;
  readonly routes: readonly Route[];
  /** What TLS mail for a domain must reach; `route` is the operator's rule for it, where there is one. */
  readonly decide: (recipient: MailDomain, route: Route | undefined) => Decision;
  /** Port of MX hosts. */
  readonly smtpPort: number;
  readonly dns: Dns;
  readonly context: SecureContext;
  readonly deadlines: Deadlines;
  readonly patience: Patience;
  /** Whether a connection to this address would come back to us. */
  readonly isSelf: (address: string, port: number) => boolean;
}

/** How the queue is worked on. */
export interface QueueSettings {
  readonly schedule: Schedule;
  readonly keepFinalMs: number;
  readonly connections: number;
  readonly connectionsPerDestination: number;
}

/** The world's clock and dice, as arguments. */
export interface World {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}
