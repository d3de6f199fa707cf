/** Operator rules: which way mail for a domain goes, and how well protected. */
import type { HostPort, IpAddress } from '../../names/address.ts';
import { type Domain, isWithin } from '../../names/domain.ts';
import type { MailDomain } from '../../names/mailbox.ts';
import type { TlsLevel } from '../words.ts';

/** One domain, or everything below it (itself not included). */
export type NamePattern =
  | { readonly kind: 'domain'; readonly domain: Domain }
  | { readonly kind: 'below'; readonly domain: Domain };

/** A name pattern, or every domain. */
export type RoutePattern = NamePattern | { readonly kind: 'any' };

export interface Route {
  readonly match: RoutePattern;
  /** null: by MX. */
  readonly to: HostPort | null;
  /** null: not this route's business, the default level applies. */
  readonly tls: TlsLevel | null;
  /** Further names that the certificate may prove where the level is `authenticate`. */
  readonly names: readonly NamePattern[];
  /** Our EHLO name on this route. */
  readonly hello: MailDomain;
  /** Local address to connect from; null: the system chooses. */
  readonly source: IpAddress | null;
}

/** The first route that matches, in the operator's order. */
export function routeFor(at: MailDomain, routes: readonly Route[]): Route | undefined {
  return routes.find(({ match }) => matches(at, match));
}

function matches(at: MailDomain, pattern: RoutePattern): boolean {
  if (pattern.kind === 'any') return true;
  if (at.kind === 'literal') return false;
  return pattern.kind === 'domain'
    ? at.domain === pattern.domain
    : at.domain !== pattern.domain && isWithin(at.domain, pattern.domain);
}
