/** Whether it is this network that blocks port 25, and not the servers: told from the targets themselves, no third party asked. */
import { isIPv4 } from 'node:net';
import type { Observation, Visit } from '../findings/observation.ts';
import { groupsOf, type IpAddress, isLoopback } from '../names/address.ts';

export type PortVerdict =
  | { readonly kind: 'open' }
  /** One sentence, with the hosts. */
  | { readonly kind: 'blocked'; readonly because: string };

/** The little of an observation that tells it. */
export type PortSeen = Pick<Observation, 'endpoint'> & { readonly base: Pick<Visit, 'connect'> };

/** So many hosts that have nothing to do with each other do not all fail at the same time. */
const LEAST_HOSTS = 3;
const SHOWN = 3;

/** Blocked where all that were tried at port 25 timed out, and at least three of them are of different networks and names. */
export function portBlocked(seen: readonly PortSeen[]): PortVerdict {
  const visits = seen.filter(isAtPort25);
  const [first] = visits;
  if (first === undefined || !visits.every(timedOut)) return { kind: 'open' };
  const networks = new Map(visits.map((visit) => [networkOf(visit.endpoint.address), visit]));
  const owners = new Set([...networks.values()].map(ownerOf));
  if (networks.size < LEAST_HOSTS || owners.size < LEAST_HOSTS) return { kind: 'open' };
  const shown = [...networks.values()]
    .slice(0, SHOWN)
    .map(({ endpoint: { serverName, address } }) =>
      serverName === null ? address : `${serverName} (${address})`,
    );
  const because = `none of ${visits.length} mail hosts in ${networks.size} networks answered at port 25 (${shown.join(', ')}…): this network, or the provider of this host, blocks outgoing connections to port 25`;
  return { kind: 'blocked', because };
}

function isAtPort25({ endpoint: { port, address }, base: { connect } }: PortSeen): boolean {
  // A network that this host has no way to at all says nothing about ports.
  return port === 25 && !isLoopback(address) && !(connect.kind === 'failed' && connect.how === 'no-route');
}

function timedOut({ base: { connect } }: PortSeen): boolean {
  return connect.kind === 'failed' && connect.how === 'timeout';
}

/** The /16 of IPv4, the /32 of IPv6: what one provider usually has. */
function networkOf(address: IpAddress): string {
  if (isIPv4(address)) return address.split('.').slice(0, 2).join('.');
  return groupsOf(address)
    .slice(0, 2)
    .map((group) => group.toString(16))
    .join(':');
}

/** Hosts of one operator have the end of their names in common. */
function ownerOf({ endpoint: { serverName, address } }: PortSeen): string {
  return serverName === null ? address : serverName.split('.').slice(-2).join('.');
}
