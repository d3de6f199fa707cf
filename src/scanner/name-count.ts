/**
 * Under how many names one door is visited: a parking host, or one with thousands of customers, is one server, whatever a list
 * has of its names, and each of them would be a visit of its own.
 */
import { type Endpoint, endpointKey } from '../findings/endpoint.ts';
import type { IpAddress } from '../names/address.ts';
import { forgetful } from './forgetful.ts';
import { serverOf } from './operator.ts';
import type { Seeing } from './shared.ts';

export interface NameCount {
  /** Counts a visit. @returns whether there were so many within the hour that one connection is enough. */
  readonly isMany: (endpoint: Endpoint) => boolean;
  /** undefined where it may be visited under a further name. */
  readonly tooMany: (endpoint: Endpoint) => Extract<Seeing, { kind: 'too-many' }> | undefined;
}

/** Names of one door within an hour that are looked at as deeply as was asked for, and those that are visited at all. */
const WHOLE = 20;
const MOST = 500;
const HOUR_MS = 60 * 60_000;

/** Visits of a door since the hour began in which the first of them was. */
interface Count {
  readonly visits: number;
  readonly until: number;
}

/** @param isOurs whether an address is one of this host, or of a lab: there nobody is bothered. @param now milliseconds since 1970. */
export function countNames(isOurs: (address: IpAddress) => boolean, now: () => number): NameCount {
  const counts = forgetful<Count>(({ until }, at) => until <= at);

  function countOf(door: string): Count {
    const known = counts.get(door);
    return known !== undefined && known.until > now() ? known : { visits: 0, until: now() + HOUR_MS };
  }

  return {
    isMany(endpoint) {
      if (isOurs(serverOf(endpoint.address))) return false;
      const door = doorOf(endpoint);
      const { visits, until } = countOf(door);
      counts.set(door, { visits: visits + 1, until }, now());
      return visits >= WHOLE;
    },
    tooMany(endpoint) {
      const { visits, until } = countOf(doorOf(endpoint));
      if (visits < MOST) return undefined;
      const because = `${endpoint.address} was visited under ${MOST} names within an hour, and is left alone under further ones`;
      return { kind: 'too-many', because, ms: until - now() };
    },
  };
}

function doorOf(endpoint: Endpoint): string {
  return endpointKey({ ...endpoint, address: serverOf(endpoint.address), serverName: null });
}
