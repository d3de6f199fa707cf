/**
 * Addresses where nobody was a moment ago, and families of them to which nothing leads from here.
 *
 * RFC 5321 §4.5.4.1: "A client SHOULD keep a list of hosts it cannot reach". Those on it are not left out but tried last:
 * where all of them are on it nothing is lost, and where one answers nobody waits for the others.
 */
import { isIPv6 } from 'node:net';
import type { NetworkError } from '../net/error.ts';

export interface Reach {
  /**
   * The same hops, those at the end that nobody was behind lately, or to which our address does not lead.
   *
   * @param source the local address that the operator has chosen; null where the system does.
   */
  inOrder<Hop extends { readonly address: string }>(
    hops: readonly Hop[],
    source: string | null,
  ): readonly Hop[];
  missed(address: string, error: NetworkError, source: string | null): void;
  reached(address: string): void;
  /** An operator asks for everything to be tried again. */
  forget(): void;
}

/** An address that did not answer at all, ms. */
const SILENT_MS = 5 * 60_000;
/**
 * One where nothing listens, ms: to learn that costs next to no time, but each message would have it learnt anew, and
 * connections that are opened in vain take the turn of others.
 */
const REFUSED_MS = 15_000;
/** A family without a route: as long as it takes to see that there is one again, ms. */
const NO_ROUTE_MS = 60_000;
/** The oldest is forgotten first. */
const MOST_ADDRESSES = 10_000;

/** @param now milliseconds; a clock that goes back ends what was remembered. */
export function startReach(now: () => number): Reach {
  /** Since when and how long an address counts as away; and since when a family has no route. */
  const away = new Map<string, { readonly since: number; readonly ms: number }>();
  const withoutRoute = new Map<Family, number>();

  function isAway(address: string): boolean {
    const missed = away.get(address);
    if (missed !== undefined && isWithin(missed.since, missed.ms)) return true;
    const lost = withoutRoute.get(familyOf(address));
    return lost !== undefined && isWithin(lost, NO_ROUTE_MS);
  }

  function isWithin(since: number, ms: number): boolean {
    const at = now();
    return at >= since && at < since + ms;
  }

  return {
    inOrder(hops, source) {
      const nothingKnown = away.size === 0 && withoutRoute.size === 0 && source === null;
      if (nothingKnown || hops.length < 2) return hops;
      const isLast = ({ address }: (typeof hops)[number]): boolean =>
        isAway(address) || (source !== null && familyOf(source) !== familyOf(address));
      const last = hops.filter(isLast);
      return last.length === 0 ? hops : [...hops.filter((hop) => !isLast(hop)), ...last];
    },
    missed(address, { code, cause }, source) {
      // Where the operator has chosen our address, an error may be about that one and say nothing of other ways.
      if (source === null && isWithoutRoute(address, codeOf(cause))) {
        withoutRoute.set(familyOf(address), now());
        return;
      }
      const ms = awayFor(code, codeOf(cause));
      if (ms === undefined) return;
      away.delete(address);
      away.set(address, { since: now(), ms });
      const [oldest] = away.keys();
      if (away.size > MOST_ADDRESSES && oldest !== undefined) away.delete(oldest);
    },
    reached(address) {
      if (away.size > 0) away.delete(address);
      if (withoutRoute.size > 0) withoutRoute.delete(familyOf(address));
    },
    forget() {
      away.clear();
      withoutRoute.clear();
    },
  };
}

/** How long an error says something of the address; undefined: nothing. */
function awayFor(code: NetworkError['code'], cause: string | undefined): number | undefined {
  if (code === 'timeout' || cause === 'EHOSTUNREACH') return SILENT_MS;
  return cause === 'ECONNREFUSED' ? REFUSED_MS : undefined;
}

type Family = 'ipv4' | 'ipv6';

function familyOf(address: string): Family {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/** EADDRNOTAVAIL: for IPv6 it is switched off here; for IPv4 our ports have run out. */
function isWithoutRoute(address: string, code: string | undefined): boolean {
  return code === 'ENETUNREACH' || code === 'EAFNOSUPPORT' || (code === 'EADDRNOTAVAIL' && isIPv6(address));
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
