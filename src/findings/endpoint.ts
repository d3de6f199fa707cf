/** Where a server is visited, and how. */
import type { IpAddress } from '../names/address.ts';

/** Protocols that a check speaks, and the port of each with STARTTLS and with TLS from the first octet. */
export const checkProtocols = {
  smtp: { starttls: 25, implicit: null },
  submission: { starttls: 587, implicit: 465 },
  lmtp: { starttls: 24, implicit: null },
  imap: { starttls: 143, implicit: 993 },
  pop3: { starttls: 110, implicit: 995 },
  sieve: { starttls: 4190, implicit: null },
  ldap: { starttls: 389, implicit: 636 },
  nntp: { starttls: 119, implicit: 563 },
  ftp: { starttls: 21, implicit: 990 },
  xmpp: { starttls: 5222, implicit: 5223 },
  'xmpp-server': { starttls: 5269, implicit: 5270 },
  postgres: { starttls: 5432, implicit: null },
  mysql: { starttls: 3306, implicit: null },
} as const satisfies Readonly<Record<string, { starttls: number; implicit: number | null }>>;

export type CheckProtocol = keyof typeof checkProtocols;
export type TlsMode = 'starttls' | 'implicit';

/** One door of one server: what is seen there is the same for every domain that leads to it with the same SNI. */
export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
  readonly protocol: CheckProtocol;
  readonly tls: TlsMode;
  /** The name that is asked for in the handshake (SNI); null where the server was named by address. */
  readonly serverName: string | null;
}

/** Of each endpoint: every kind of sender that is simulated asks for it some times. */
const keys = new WeakMap<Endpoint, string>();

/** Equal for endpoints that are visited once. */
export function endpointKey(endpoint: Endpoint): string {
  const known = keys.get(endpoint);
  if (known !== undefined) return known;
  const { address, port, protocol, tls, serverName } = endpoint;
  const key = `${protocol} ${tls} ${address} ${port} ${serverName ?? '-'}`;
  keys.set(endpoint, key);
  return key;
}

/** How much is looked at: connections to one endpoint are at most 1, 6 and 16. */
export const depths = ['quick', 'standard', 'deep'] as const;
export type Depth = (typeof depths)[number];

export const connectionBudget: Readonly<Record<Depth, number>> = { quick: 1, standard: 6, deep: 16 };
