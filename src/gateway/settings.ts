/** What a gateway is told by whoever starts it. */
import type { SecureContext } from 'node:tls';
import type { Host, HostPort, IpAddress } from '../names/address.ts';
import type { Certificates } from '../net/certificates.ts';
import type { GatewayPatience } from '../net/mediation.ts';
import type { ClientRule } from '../tls/client-proof.ts';

/** In the order in which they are listed for people. FTP is not among them: its data connections are others. */
export const gatewayProtocols = [
  'smtp',
  'submission',
  'lmtp',
  'imap',
  'pop3',
  'sieve',
  'ldap',
  'nntp',
  'xmpp',
  'xmpp-server',
  'postgres',
  'mysql',
] as const;

export type GatewayProtocol = (typeof gatewayProtocols)[number];

/** Where the backend is. */
export type BackendTarget =
  | ({ readonly kind: 'tcp' } & HostPort)
  | { readonly kind: 'unix'; readonly path: string };

/** Which certificates of clients are taken; whoever vouches for them is part of {@link Front}'s certificates. */
export interface ClientCertificates {
  readonly required: boolean;
  /** Names that it may prove, or SHA-256 of the certificate in lower-case hex; where there is none, all. */
  readonly allowed: readonly ClientRule[];
}

/** TLS for clients, in front of a backend that has none. */
interface Front {
  readonly kind: 'front';
  /** The same object for the life of the gateway: new pairs are put into it. */
  readonly certificates: Certificates;
  /** null: none is asked for. */
  readonly clientCertificates: ClientCertificates | null;
  /** For SMTP; everybody else requires TLS anyway. */
  readonly requireTls: boolean;
  /** Whether the backend is told by XCLIENT who the client is (SMTP and LMTP). */
  readonly xclient: boolean;
}

/** Verified TLS to a server, for clients of this host that have none. */
export interface Reverse {
  readonly kind: 'reverse';
  /** What its certificate has to prove. */
  readonly serverName: Host;
  /** Its roots. */
  readonly context: SecureContext;
}

export interface GatewaySettings {
  /** For events and metrics. */
  readonly name: string;
  readonly protocol: GatewayProtocol;
  readonly mode: Front | Reverse;
  /** Our name, printable ASCII. */
  readonly hostname: string;
  readonly places: readonly ListenPlace[];
  readonly backend: BackendTarget;
  /** By which version of the PROXY protocol the backend is told who the client is; null: not at all. */
  readonly proxyHeader: 'v1' | 'v2' | null;
  /** Whether an address is that of a proxy, which introduces its clients by a PROXY header. */
  readonly isProxy: (address: string) => boolean;
  readonly limits: GatewayLimits;
  readonly patience: GatewayPatience;
}

/** Where it listens. */
export interface ListenPlace {
  readonly address: IpAddress;
  /** 0: the system chooses. */
  readonly port: number;
  readonly tls: 'starttls' | 'implicit';
}

export interface GatewayLimits {
  /** At once. */
  readonly connections: number;
  /** At once, of one address (IPv6: one /64). */
  readonly connectionsPerAddress: number;
  /** New ones a minute, of one address. */
  readonly connectionsPerMinute: number;
}
