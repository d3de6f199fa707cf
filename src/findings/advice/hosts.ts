/** How far each mail host is: whether all of it was seen, and whether TLS with it would stand up to DANE and MTA-STS. */
import { type Domain, isWithin } from '../../names/domain.ts';
import { daneAt } from '../../policies/dane/plan.ts';
import type { CheckCase, HostCase } from '../case.ts';
import { matchesOf } from '../dane/match.ts';
import { demandOf } from '../dane/places.ts';
import type { Observation } from '../observation.ts';
import { placeOfDoor, policyDoors, tlsReach } from '../seen.ts';
import { webPkiFault } from '../web-pki.ts';

/** `no`: it was looked at, and is not so. `unknown`: it could not be looked at, at one address at least. */
export interface Judged {
  readonly kind: 'yes' | 'no' | 'unknown';
  /** One sentence without its full stop. */
  readonly because: string;
}

export interface HostState {
  readonly name: Domain;
  /** Whether it is named below the domain itself, so that its zone is likely the same owner's. */
  readonly own: boolean;
  readonly doors: readonly Observation[];
  /** STARTTLS and a handshake at every address. */
  readonly tls: Judged;
  /** Also a certificate that proves its name to everybody, by today's date. */
  readonly certificate: Judged;
  /** DNSSEC proves its address. */
  readonly signed: boolean;
  /** Usable TLSA records; `no` where they fit not everything that was seen, `missing` where there are none. */
  readonly dane: 'yes' | 'no' | 'missing' | 'unknown';
}

/** Of every mail host that the case has. */
export function hostStates(theCase: CheckCase): readonly HostState[] {
  return theCase.hosts.flatMap((host) => stateOf(theCase, host) ?? []);
}

function stateOf(theCase: CheckCase, host: HostCase): HostState | undefined {
  const name = host.facts?.host;
  if (name === undefined || theCase.target.kind !== 'domain') return undefined;
  const doors = policyDoors(theCase, host);
  const tls = all(host, doors, (door) => {
    const reach = tlsReach(door);
    if (reach.kind === 'secured') return { kind: 'yes', because: `${placeOfDoor(door)}: TLS` };
    return reach.kind === 'without'
      ? { kind: 'no', because: `${placeOfDoor(door)}: ${reach.because}` }
      : { kind: 'unknown', because: `${placeOfDoor(door)} could not be looked at` };
  });
  return {
    name,
    own: isWithin(name, theCase.target.domain),
    doors,
    tls,
    certificate: tls.kind === 'yes' ? all(host, doors, (door) => provesName(door, name, theCase.now)) : tls,
    signed: host.facts?.status === 'secure',
    dane: daneOf(theCase, host, name, doors),
  };
}

function provesName(door: Observation, name: Domain, now: number): Judged {
  const reach = tlsReach(door);
  const fault = reach.kind === 'secured' ? webPkiFault(reach.tls, name, now) : undefined;
  return fault === undefined
    ? { kind: 'yes', because: `${placeOfDoor(door)}: the certificate proves ${name}` }
    : { kind: 'no', because: `${placeOfDoor(door)}: ${fault.because}` };
}

/**
 * What holds of all addresses: one that is known to fail decides, then one that is not known.
 *
 * An address of a network that this host itself has no way to is left out, as long as another one was seen.
 */
function all(host: HostCase, doors: readonly Observation[], judge: (door: Observation) => Judged): Judged {
  const addresses = host.facts?.kind === 'found' ? host.facts.addresses : [];
  const away = doors.filter(
    ({ base: { connect } }) => connect.kind === 'failed' && connect.how === 'no-route',
  );
  const judged = doors.filter((door) => !away.includes(door)).map(judge);
  const unseen = addresses.find((address) => !doors.some(({ endpoint }) => endpoint.address === address));
  const bad = judged.find(({ kind }) => kind === 'no') ?? judged.find(({ kind }) => kind === 'unknown');
  if (bad !== undefined) return bad;
  if (unseen !== undefined)
    return { kind: 'unknown', because: `nobody has looked at ${host.name} at ${unseen}` };
  return judged[0] ?? { kind: 'unknown', because: `${host.name} could not be reached from here` };
}

function daneOf(
  theCase: CheckCase,
  host: HostCase,
  name: Domain,
  doors: readonly Observation[],
): HostState['dane'] {
  if (host.facts?.kind !== 'found' || theCase.facts === null) return 'unknown';
  const plan = daneAt(host.facts.tlsa);
  if (plan.kind === 'avoid') return 'unknown';
  if (plan.kind === 'none') return 'missing';
  const demand = demandOf(theCase.facts, name);
  if (plan.kind === 'encrypt' || demand === undefined) return 'no';
  const matched = matchesOf({ doors }, demand, theCase.now).filter(({ chain }) => chain.by !== 'no-name');
  if (matched.some(({ verdict }) => verdict.kind === 'no-match')) return 'no';
  if (doors.some((door) => tlsReach(door).kind === 'without')) return 'no';
  return matched.length === 0 ? 'unknown' : 'yes';
}
