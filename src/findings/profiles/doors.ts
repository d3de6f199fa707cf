/** The doors that a profile is about: port 25 of every address of every mail host, or the one port that was named. */
import type { IpAddress } from '../../names/address.ts';
import { type CheckCase, type HostCase, scopeOf } from '../case.ts';
import type { FindingScope } from '../finding.ts';
import type { Observation, Visit } from '../observation.ts';
import { policyDoors, tlsReach } from '../seen.ts';
import type { Verdict } from './profile.ts';

/** Of a door that was seen: whether there is TLS. */
export interface SeenDoor {
  readonly host: HostCase;
  readonly scope: FindingScope;
  readonly observation: Observation;
  /** Why there is no TLS; undefined where there is. */
  readonly withoutTls: string | undefined;
}

type Door =
  | ({ readonly kind: 'seen' } & SeenDoor)
  /** It has to be as the others are, and nobody could look. */
  | { readonly kind: 'unseen'; readonly scope: FindingScope; readonly because: string };

/** The scope of what concerns the target as a whole. */
export function targetScope({ target }: Pick<CheckCase, 'target'>): FindingScope {
  switch (target.kind) {
    case 'domain':
      return { domain: target.domain };
    case 'host':
      return { host: target.host };
    case 'address':
      return { address: target.address, port: target.port };
  }
}

/** Why there is no mail host to look at, as a verdict; undefined where there are some. */
export function withoutHosts(theCase: CheckCase): Verdict | undefined {
  const { facts, hosts } = theCase;
  const scope = targetScope(theCase);
  if (facts === null || hosts.length > 0) return undefined;
  const { way } = facts;
  switch (way.kind) {
    case 'unknown':
      return { state: 'not-tested', scope, evidence: [way.because] };
    case 'null':
    case 'no-such-domain':
      return { state: 'not-applicable', scope, evidence: [way.because] };
    case 'hosts':
    case 'implicit':
    case 'configured':
      return { state: 'not-tested', scope, evidence: ['nothing is known of its mail hosts'] };
  }
}

/** Hosts that senders do not try in one attempt, and this check does not visit. */
export function unvisitedHosts({ facts, hosts }: CheckCase): readonly string[] {
  if (facts?.way.kind !== 'hosts') return [];
  const known = new Set(hosts.map(({ name }) => name));
  return [...new Set(facts.way.hosts.map(({ host }) => host))].filter((host) => !known.has(host));
}

/** Every door of the target, those among them at which nobody could look. */
function doorsOf(theCase: CheckCase): readonly Door[] {
  const port = theCase.target.kind === 'domain' ? undefined : theCase.target.port;
  return [
    ...theCase.hosts.flatMap((host) => doorsOfHost(theCase, host, port)),
    ...unvisitedHosts(theCase).map((host) =>
      unseen({ host }, `${host} is beyond the mail hosts that one check visits`),
    ),
  ];
}

function doorsOfHost(theCase: CheckCase, host: HostCase, port: number | undefined): readonly Door[] {
  const { facts, skipped } = host;
  const at = { host: host.name };
  if (facts?.kind === 'unknown') return [unseen(at, facts.because)];
  // A host without an address takes no mail; that it has none is said by another requirement.
  if (facts?.kind === 'absent') return [];
  const observed = policyDoors(theCase, host);
  const known = new Set<IpAddress>(observed.map(({ endpoint }) => endpoint.address));
  // Of a domain it may have been left alone at several of its ports, and is one door all the same.
  const left = new Map(
    skipped
      .filter((one) => !known.has(one.address) && one.port === (port ?? one.port))
      .map((one) => [one.address, one]),
  );
  const missing = (facts?.addresses ?? []).filter((address) => !known.has(address) && !left.has(address));
  return [
    ...observed.map((observation) => doorAt(host, observation)),
    ...[...left.values()].map(({ address, because }) => unseen({ ...at, address }, because)),
    ...missing.map((address) => unseen({ ...at, address }, `${address} was not visited`)),
  ];
}

function unseen(scope: FindingScope, because: string): Door {
  return { kind: 'unseen', scope, because };
}

function doorAt(host: HostCase, observation: Observation): Door {
  const scope = scopeOf(host, observation);
  const reach = tlsReach(observation);
  if (reach.kind === 'unknown') return unseen(scope, whyUnseen(observation.base));
  const because = reach.kind === 'without' ? reach.because : refusedAfterAll(observation.base);
  return { kind: 'seen', host, scope, observation, withoutTls: because };
}

/** A session that the server takes back at its end: senders have no TLS there. */
function refusedAfterAll({ upgrade, end, inside }: Visit): string | undefined {
  if (upgrade.kind === 'handshake-failed') return `the handshake failed: ${upgrade.because}`;
  return inside === null && end.kind === 'closed' ? 'it hangs up right after the handshake' : undefined;
}

function whyUnseen({ connect, end }: Visit): string {
  if (connect.kind === 'failed') return `there was no connection: ${connect.because}`;
  switch (end.kind) {
    case 'throttled':
    case 'blocked':
    case 'refused':
      return `it sent this check away: ${end.answer.text}`;
    case 'closed':
      return `it closed the connection (${end.at})`;
    case 'timeout':
      return `it fell silent (${end.at})`;
    case 'broken':
      return `it broke the protocol: ${end.because}`;
    case 'complete':
    case 'not-connected':
    case 'without-tls':
      return 'the visit ended before there could be TLS';
  }
}

/** A verdict for every door: of one that was not seen it is not tested; of one without TLS what is said of it. */
export function perDoor(
  theCase: CheckCase,
  judge: (door: SeenDoor) => Omit<Verdict, 'scope'>,
  withoutTls: Verdict['state'] = 'not-applicable',
): readonly Verdict[] {
  const none = withoutHosts(theCase);
  if (none !== undefined) return [none];
  return doorsOf(theCase).map((door) => {
    const { scope } = door;
    if (door.kind === 'unseen') return { state: 'not-tested', scope, evidence: [door.because] };
    if (door.withoutTls !== undefined)
      return { state: withoutTls, scope, evidence: [`there is no TLS: ${door.withoutTls}`] };
    return { scope, ...judge(door) };
  });
}
