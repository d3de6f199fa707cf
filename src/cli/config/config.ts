/** The configuration as the program uses it: everything parsed, every default settled. */
import type { IpAddress } from '../../names/address.ts';
import type { MailDomain } from '../../names/mailbox.ts';
import type { Route } from '../../policies/overrides/route.ts';
import type { TlsLevel } from '../../policies/words.ts';
import type { Schedule } from '../../queue/schedule.ts';
import type { Network } from '../../relay/relay.ts';

/** Frozen through and through; paths are absolute. */
export interface Config {
  /** EHLO name and the name in Received. */
  readonly hostname: MailDomain;
  readonly dataFolder: string;
  readonly tls: {
    /** null where none is configured. */
    readonly certificate: { readonly certFile: string; readonly keyFile: string } | null;
    /** Extra roots for outgoing verification, PEM. */
    readonly caFile: string | null;
  };
  /** Empty: the system's own resolvers. */
  readonly dns: { readonly resolvers: readonly SocketAddress[] };
  readonly listeners: readonly Listener[];
  /** In the order of the file: the first that matches wins. */
  readonly routes: readonly Route[];
  readonly relay: RelaySettings;
  readonly limits: {
    /** Incoming connections at once. */
    readonly sessions: number;
  };
  readonly events: {
    readonly log: { readonly kind: 'stdout' } | { readonly kind: 'file'; readonly path: string };
  };
}

/** An IP address with its port. */
export interface SocketAddress {
  readonly address: IpAddress;
  /** 0 only for a listener: the system chooses. */
  readonly port: number;
}

export interface Listener extends SocketAddress {
  readonly role: 'submission';
  readonly tls: 'starttls' | 'implicit';
  /** Whether mail is refused before TLS; always true where `tls` is `implicit`. */
  readonly requireTls: boolean;
  /** Who may relay. */
  readonly networks: readonly Network[];
  readonly bareLineEnding: 'refuse' | 'normalize';
}

export interface RelaySettings {
  /** Level where no route says another. */
  readonly tls: TlsLevel;
  /** Port of MX hosts. */
  readonly smtpPort: number;
  readonly schedule: Schedule;
  /** How long final messages stay visible. */
  readonly keepFinalMs: number;
  /** Outgoing connections at once. */
  readonly connections: number;
  readonly connectionsPerDestination: number;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** Received fields with which a message counts as looping. */
  readonly maxHops: number;
}

/** What is wrong with one value. */
export interface ConfigError {
  /** As in the file: `listener[0].address`; the variable's name for one that means nothing. */
  readonly path: string;
  /** `FILE:LINE`, `FILE`, the variable, the flag, or `default`. */
  readonly origin: string;
  /** What is wrong or what would be right. */
  readonly message: string;
}

/** One value in force, as the operator would write it, and where it came from. */
export interface EffectiveValue {
  readonly path: string;
  /** null: not set. */
  readonly value: unknown;
  /** As in {@link ConfigError}. */
  readonly origin: string;
}
