/** What a gateway session is carried out with, and how it went. */
import type { GatewayRun, Upstream } from '../wire/gateway-session.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { Attended } from './accept.ts';
import type { Upgrade } from './attend.ts';
import type { BackendWays } from './backend-side.ts';
import type { Deadlines } from './deadlines.ts';

/** Milliseconds. */
export interface GatewayPatience {
  /** Until a client is inside TLS or is known to go on in clear, and as long again until it has its backend. */
  readonly clear: number;
  readonly handshake: number;
  /** For the backend, TLS with it included. */
  readonly connect: number;
  /** Without an octet from either side, once the backend is there. */
  readonly idle: number;
  /** For all of a connection; infinite where there is no such limit. */
  readonly session: number;
}

export interface MediateOptions {
  readonly run: GatewayRun;
  /** `implicit`: the handshake comes first. */
  readonly tls: 'starttls' | 'implicit';
  readonly upgrade: Upgrade;
  /** Looks at a client that has finished its handshake, before anything else. @returns why it may not stay. */
  readonly admit: (facts: TlsFacts) => string | undefined;
  readonly backend: BackendWays;
  readonly deadlines: Deadlines;
  readonly patience: GatewayPatience;
  readonly watch: GatewayWatch;
}

/** Who wants to know what happens. */
export interface GatewayWatch {
  readonly onSecured: (facts: TlsFacts) => void;
  readonly onHandshakeFailed: (because: string) => void;
  readonly onUpstream: (upstream: Upstream) => void;
  readonly onExposed: (user: string | null) => void;
  readonly onClear: () => void;
  readonly onOddity: (what: string) => void;
}

/**
 * Who or what ended a connection: `protocol`, the session, or a client that kept to none; `tls`, a handshake that failed
 * or a client that may not stay; `unreachable`, no backend; `stop`, we did.
 */
export type EndedBy = 'client' | 'backend' | 'protocol' | 'tls' | 'unreachable' | 'timeout' | 'stop';

/** How a connection went. */
export interface MediateEnd {
  readonly by: EndedBy;
  /** One sentence. */
  readonly because: string;
  /** Octets of the client that came, and octets that it was sent; inside TLS where that was up. */
  readonly fromClient: number;
  readonly toClient: number;
}

export interface Mediated extends Attended {
  readonly ended: Promise<MediateEnd>;
}
