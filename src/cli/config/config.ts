/** The configuration as the program uses it: everything parsed, every default settled. */
import type { AdvisorSettings } from '../../advisor/settings.ts';
import type {
  BackendTarget,
  ClientCertificates,
  GatewayLimits,
  GatewayProtocol,
  ListenPlace,
} from '../../gateway/settings.ts';
import type { Host, IpAddress } from '../../names/address.ts';
import type { Domain } from '../../names/domain.ts';
import type { MailDomain } from '../../names/mailbox.ts';
import type { Limits } from '../../net/admission.ts';
import type { Upstream } from '../../net/dns/upstream.ts';
import type { GatewayPatience } from '../../net/mediation.ts';
import type { IncomingSettings } from '../../net/tls.ts';
import type { ListKey } from '../../policies/list/signature.ts';
import type { MemorySettings } from '../../policies/memory/expect.ts';
import type { RequireTlsLevel } from '../../policies/message.ts';
import type { NamePattern, Route, RouteTarget } from '../../policies/overrides/route.ts';
import type { Rule } from '../../policies/overrides/rule.ts';
import type { TlsLevel } from '../../policies/words.ts';
import type { Schedule } from '../../queue/schedule.ts';
import type { AccountRights } from '../../relay/accounts.ts';
import type { Alias } from '../../relay/aliases.ts';
import type { Actions, DmarcAction, SpfAction } from '../../relay/authentication/verdict.ts';
import type { BounceSettings } from '../../relay/bounce-addresses.ts';
import type { CertificateFiles } from '../../relay/certificate.ts';
import type { DemandRules } from '../../relay/demands.ts';
import type { Rotation } from '../../relay/event-log.ts';
import type { ApiKey } from '../../relay/http-api/api-key.ts';
import type { InboundMode } from '../../relay/inbound-memory.ts';
import type { InboundRule } from '../../relay/inbound-tls.ts';
import type { PasswordHash } from '../../relay/password.ts';
import type { NetworkQuota, Quota } from '../../relay/quotas.ts';
import type { HoldSettings, ListenerSettings, Network } from '../../relay/settings.ts';
import type { Webhook } from '../../relay/webhooks/settings.ts';
import type { ClientRule } from '../../tls/client-proof.ts';

/** Frozen through and through; paths are absolute. */
export interface Config {
  /** EHLO name and the name in Received. */
  readonly hostname: MailDomain;
  readonly dataFolder: string;
  /** Who to become where root starts the relay; null: nobody else. */
  readonly user: string | null;
  /** Processes that take mail in and deliver it. */
  readonly workers: number;
  /** That of `[tls]` first, which is the default; empty where none is configured. */
  readonly certificates: readonly ConfiguredCertificate[];
  /** Extra roots for outgoing verification, PEM. */
  readonly caFile: string | null;
  /** Roots for names in certificates of clients, PEM; null: the public ones. */
  readonly clientCaFile: string | null;
  readonly dns: DnsConfig;
  readonly mtaSts: MtaStsConfig;
  /** null: no policy list is used. */
  readonly list: ListConfig | null;
  readonly check: CheckConfig;
  readonly listeners: readonly Listener[];
  readonly accounts: readonly AccountConfig[];
  /** Further ones in a file; null: there is none. */
  readonly accountsFile: AccountsConfig | null;
  /** Further ones in a database; null: there is none. */
  readonly accountDatabase: AccountDatabaseConfig | null;
  readonly networkQuotas: readonly NetworkQuota[];
  readonly inbound: readonly InboundRule[];
  readonly inboundMemory: InboundMode;
  readonly memory: MemorySettings;
  readonly reportOnly: { readonly mode: 'off' | 'on'; readonly keepMs: number };
  readonly domains: readonly DomainConfig[];
  /** null: nobody asks who mail is from. */
  readonly authentication: AuthenticationConfig | null;
  /** In the order of the file: the first that matches wins. */
  readonly routes: readonly RouteConfig[];
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  readonly dkim: readonly DkimConfig[];
  /** null: no mail is sent on. */
  readonly bounces: BouncesConfig;
  readonly forwarding: { readonly srsDomain: Domain; readonly secretFile: string } | null;
  readonly relay: RelayConfig;
  readonly limits: LimitsConfig;
  readonly gateways: readonly GatewayConfig[];
  readonly advisor: AdvisorSettings;
  readonly api: {
    /** Empty: nowhere. */
    readonly places: readonly ListenAddress[];
    readonly keys: readonly ApiKeyConfig[];
  };
  /** null: nowhere. */
  readonly metrics: ListenAddress | null;
  readonly tlsRpt: TlsRptConfig;
  /** Folder in which users of this host leave mail. */
  readonly spool: string;
  readonly events: {
    readonly log: EventTarget<'stdout'>;
    /** The same as a Postfix would log it; null: nowhere. */
    readonly postfixLog: EventTarget<'stderr'> | null;
  };
  readonly webhooks: readonly WebhookConfig[];
}

/** Where events are written to. */
export type EventTarget<Stream extends 'stdout' | 'stderr' = 'stdout' | 'stderr'> =
  | { readonly kind: Stream }
  | { readonly kind: 'file'; readonly path: string; readonly rotation: Rotation | null };

/** As `BounceSettings`, with the secret still in its file. */
interface BouncesConfig extends Omit<BounceSettings, 'key'> {
  readonly secretFile: string | null;
}

/** Who is asked about names, and what of the answers is believed. */
export interface DnsConfig {
  /** Empty: those of the system. */
  readonly resolvers: readonly Upstream[];
  readonly dnssec: 'validate' | 'trust' | 'off';
  /** Whether the AD bit of the resolvers that are named may be believed, wherever they are. */
  readonly trusted: boolean;
  /** null: the keys of the root that the program knows. */
  readonly anchorFile: string | null;
  /** Whether signatures with SHA-1 (algorithms 5 and 7) prove anything. */
  readonly sha1: boolean;
}

/** Where the MTA-STS policies of others are fetched. */
interface MtaStsConfig {
  readonly httpsPort: number;
  /** null: what DNS says. */
  readonly httpsAddress: IpAddress | null;
}

/** The policy list that deliveries go by. */
export interface ListConfig {
  /** null: lists are only imported. */
  readonly source:
    | { readonly kind: 'file'; readonly path: string }
    | {
        readonly kind: 'url';
        /** As written. */
        readonly url: string;
        readonly host: Domain;
        readonly port: number;
        readonly path: string;
      }
    | null;
  /** At least one. */
  readonly keys: readonly ListKey[];
  readonly refreshMs: number;
}

/** How servers are visited by `waxwing check`. */
interface CheckConfig {
  /** Name in EHLO. */
  readonly hello: MailDomain;
  /** Those who asked not to be checked; null: nobody. */
  readonly optOutFile: string | null;
}

export type Listener = ListenerSettings;

/** Where a listener takes connections. */
export interface ListenAddress {
  readonly address: IpAddress;
  /** 0: the system chooses. */
  readonly port: number;
}

export interface ConfiguredCertificate extends CertificateFiles {
  /** The table that names it: `tls` or `certificate[0]`. */
  readonly path: string;
}

/** A value that stands in the configuration, or in a file of its own. */
export type Source<Value> =
  | { readonly kind: 'here'; readonly value: Value }
  | { readonly kind: 'file'; readonly path: string };

export interface AccountConfig {
  readonly user: string;
  /** null: it logs in by certificate only. */
  readonly hash: Source<PasswordHash> | null;
  readonly certificates: readonly ClientRule[];
  readonly rights: AccountRights;
}

/** A file with accounts, one a line. */
export interface AccountsConfig {
  readonly file: string;
  /** Whether each may write as the address only that its user is. */
  readonly ownAddressOnly: boolean;
  /** Of each. */
  readonly quota: Quota;
}

/** A database with accounts. */
export interface AccountDatabaseConfig {
  readonly place: AccountDatabasePlace;
  readonly query: string;
  readonly scram: boolean;
  readonly connections: number;
  readonly withinMs: number;
  /** 0: not at all. */
  readonly rememberMs: number;
  readonly ownAddressOnly: boolean;
  /** Of each, where its row does not say another. */
  readonly quota: Quota;
}

export type AccountDatabasePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgresql';
      readonly host: Host | { readonly kind: 'folder'; readonly path: string };
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly passwordFile: string | null;
      readonly tls: 'verify' | 'off';
    };

export interface ApiKeyConfig extends Omit<ApiKey, 'hash'> {
  readonly hash: Source<ApiKey['hash']>;
}

/** At least one of the files is named. */
export interface WebhookConfig extends Omit<Webhook, 'keys'> {
  readonly keyFile: string | null;
  readonly ed25519KeyFile: string | null;
}

export interface DomainConfig {
  readonly name: Domain;
  readonly backend: RouteTarget;
  /** null: the level that holds for everyone. */
  readonly tls: TlsLevel | null;
  /** null: the level that holds for everyone. */
  readonly requireTls: RequireTlsLevel | null;
  /** null: as everywhere. */
  readonly actions: { readonly dmarc: DmarcAction | null; readonly spfHardFail: SpfAction | null };
  readonly names: readonly NamePattern[];
  readonly recipients: RecipientsConfig;
  /** null: none. */
  readonly aliases: Source<readonly Alias[]> | null;
}

/** What is found out about who mail is from. */
export interface AuthenticationConfig {
  readonly authservId: string;
  readonly actions: Actions;
  readonly trustedSealers: readonly Domain[];
  readonly withinMs: number;
}

export type RecipientsConfig =
  | { readonly kind: 'any' }
  | { readonly kind: 'callout' }
  /** Local parts. */
  | { readonly kind: 'table'; readonly locals: Source<readonly string[]> };

export interface RouteConfig extends Omit<Route, 'hello' | 'login'> {
  /** null: the hostname. */
  readonly hello: MailDomain | null;
  readonly login: { readonly user: string; readonly password: Source<string> } | null;
}

/** One `[[dkim]]`. */
export interface DkimConfig {
  readonly domain: Domain;
  readonly selector: string;
  readonly keyFile: string;
  readonly subdomains: boolean;
}

export interface RelayConfig {
  /** Level where no route says another. */
  readonly tls: TlsLevel;
  /** What REQUIRETLS and `TLS-Required: No` mean here. */
  readonly demands: DemandRules;
  /** Port of MX hosts. */
  readonly smtpPort: number;
  readonly schedule: Schedule;
  readonly holds: HoldSettings;
  /** How long final messages stay visible. */
  readonly keepFinalMs: number;
  /** Outgoing connections at once. */
  readonly connections: number;
  readonly connectionsPerDestination: number;
  /** To one address of an MX host, for all destinations together; null: the usual number. */
  readonly connectionsPerHost: number | null;
  /** Opened in a second, at most. */
  readonly connectionsPerSecond: number;
  /** To one destination; null: as many as it takes. */
  readonly messagesPerMinute: number | null;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** Received fields with which a message counts as looping. */
  readonly maxHops: number;
  /** How long messages under way may take when the relay is told to stop. */
  readonly graceMs: number;
}

/** What others may use of this host; one address of IPv6 is its /64. */
export interface LimitsConfig extends Limits {
  readonly messagesPerSession: number;
  readonly errorsPerSession: number;
}

/** Results of TLS sessions. */
interface TlsRptConfig {
  readonly keepMs: number;
  /** Where a Postfix on this host tells of its own; null: nowhere. */
  readonly socket: {
    readonly path: string;
    /** Octal digits. */
    readonly mode: string;
    /** null: that of this process. */
    readonly group: string | null;
  } | null;
}

/** One `[[gateway]]`. */
export interface GatewayConfig {
  readonly name: string;
  readonly protocol: GatewayProtocol;
  readonly mode: GatewayFront | { readonly kind: 'reverse'; readonly serverName: Host };
  readonly places: readonly ListenPlace[];
  readonly backend: BackendTarget;
  readonly proxyHeader: 'v1' | 'v2' | null;
  readonly proxies: readonly Network[];
  readonly limits: GatewayLimits;
  readonly patience: GatewayPatience;
}

export interface GatewayFront {
  readonly kind: 'front';
  /** null: the certificates that all listeners show. */
  readonly files: CertificateFiles | null;
  readonly clientCertificates: (ClientCertificates & { readonly caFile: string }) | null;
  readonly tls: Omit<IncomingSettings, 'clientRoots'>;
  readonly requireTls: boolean;
  readonly xclient: boolean;
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
