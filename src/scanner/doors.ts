/** Which doors of a target are visited. */
import { type CheckCase, type HostCase, type Target } from '../findings/case.ts';
import { checkProtocols, type Endpoint, endpointKey } from '../findings/endpoint.ts';
import { serverNameOf } from '../findings/learn.ts';

/** A door, and whose it is. */
export interface Door {
  /** As findings name the host. */
  readonly host: string;
  readonly endpoint: Endpoint;
}

/**
 * Every address of every host; beside a door of STARTTLS at its usual port the one where TLS comes first, if the protocol has
 * one (RFC 8314 §3), unless only one connection may be made.
 *
 * @param smtpPort of MX hosts: 25, or that of a lab.
 */
export function doorsOf({ target, hosts, depth }: CheckCase, smtpPort: number): readonly Door[] {
  const doors = hosts.flatMap((host) =>
    addressesOf(host).flatMap((address) => {
      const serverName = host.facts === null ? null : serverNameOf(host);
      const first: Endpoint = { address, serverName, ...wayIn(target, smtpPort) };
      const beside = depth === 'quick' ? undefined : implicitBeside(first);
      return [first, ...(beside === undefined ? [] : [beside])].map((endpoint) => ({
        host: host.name,
        endpoint,
      }));
    }),
  );
  // A zone may name the same host twice, with two preferences: it is visited once.
  return [...new Map(doors.map((door) => [`${door.host} ${endpointKey(door.endpoint)}`, door])).values()];
}

function addressesOf({ facts, name }: HostCase): readonly string[] {
  if (facts === null) return [name];
  return facts.kind === 'found' ? [...new Set(facts.addresses)] : [];
}

function wayIn(target: Target, smtpPort: number): Pick<Endpoint, 'port' | 'protocol' | 'tls'> {
  if (target.kind === 'domain') return { port: smtpPort, protocol: 'smtp', tls: 'starttls' };
  const { port, protocol, tls } = target;
  return { port, protocol, tls };
}

function implicitBeside(door: Endpoint): Endpoint | undefined {
  const { starttls, implicit } = checkProtocols[door.protocol];
  if (door.tls !== 'starttls' || implicit === null || door.port !== starttls) return undefined;
  return { ...door, port: implicit, tls: 'implicit' };
}
