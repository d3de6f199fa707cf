/** Operator rules: which way mail for a domain goes, and how well protected. */
import { formatHostPort, type Host, type IpAddress, isLoopback } from '../../names/address.ts';
import { type Domain, isWithin } from '../../names/domain.ts';
import type { MailDomain } from '../../names/mailbox.ts';
import type { RequireTlsLevel } from '../message.ts';
import type { TlsLevel } from '../words.ts';
import type { OnBlocked } from './rule.ts';

/** One domain, or everything below it (itself not included). */
export type NamePattern =
  | { readonly kind: 'domain'; readonly domain: Domain }
  | { readonly kind: 'below'; readonly domain: Domain };

/** A name pattern, or every domain. */
export type RoutePattern = NamePattern | { readonly kind: 'any' };

/** A next hop that somebody configured, in place of the MX hosts. */
export interface RouteTarget {
  /** `smtp`: STARTTLS as the decision says; `smtps`: TLS before anything is said (RFC 8314 §3); `lmtp`: RFC 2033. */
  readonly protocol: 'smtp' | 'smtps' | 'lmtp';
  readonly host: Host;
  readonly port: number;
}

/** What we log in with at a next hop. */
export interface RouteLogin {
  readonly user: string;
  /** Never logged, shown or made part of a key. */
  readonly password: string;
}

export interface Route {
  readonly match: RoutePattern;
  /** null: by MX. */
  readonly to: RouteTarget | null;
  /** null: no login. Only beside a `tls` that requires TLS, as it is said nowhere else. */
  readonly login: RouteLogin | null;
  /** null: not this route's business, the default level applies. */
  readonly tls: TlsLevel | null;
  /** How far REQUIRETLS is honoured on this route; null: as everywhere. */
  readonly requireTls: RequireTlsLevel | null;
  /**
   * Whether it ends on this host, in mailboxes of our own: nobody stands in between, so a message that wants TLS on its way has
   * what it wants. Absent: no.
   */
  readonly endsHere?: boolean;
  /** What becomes of mail when the required TLS cannot be had; null: as everywhere. */
  readonly onBlocked: OnBlocked | null;
  /** Further names that the certificate may prove where the level is `authenticate`. */
  readonly names: readonly NamePattern[];
  /** Our EHLO name on this route. */
  readonly hello: MailDomain;
  /** Local address to connect from; null: the system chooses. */
  readonly source: IpAddress | null;
  /** Connections at once to each of its destinations; null: as many as to any other. */
  readonly connections: number | null;
  /** Messages that each of its destinations gets in a minute; null: as many as any other. */
  readonly messagesPerMinute: number | null;
}

/** The first route that matches, in the operator's order. */
export function routeFor(at: MailDomain, routes: readonly Route[]): Route | undefined {
  return routes.find(({ match }) => matches(at, match));
}

/** The target as an operator writes it: `lmtp://127.0.0.1:24`. */
export function formatTarget({ protocol, host, port }: RouteTarget): string {
  return `${protocol}://${formatHostPort(host.kind === 'name' ? host.name : host.address, port)}`;
}

/** Whether it is on a loopback address. */
export function isThisHost({ host }: Pick<RouteTarget, 'host'>): boolean {
  return host.kind === 'ip' ? isLoopback(host.address) : host.name === 'localhost';
}

function matches(at: MailDomain, pattern: RoutePattern): boolean {
  if (pattern.kind === 'any') return true;
  if (at.kind === 'literal') return false;
  return pattern.kind === 'domain'
    ? at.domain === pattern.domain
    : at.domain !== pattern.domain && isWithin(at.domain, pattern.domain);
}
