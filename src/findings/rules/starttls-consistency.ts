/**
 * Whether every address, every time and every client is offered the same.
 *
 * An offer that is there and is not there is what somebody on the path leaves behind who takes it away, or what one server of
 * several does that was forgotten.
 */
import type { CheckCase, HostCase } from '../case.ts';
import { wordsAt } from '../elsewhere.ts';
import { type Finding, finding, repairOf } from '../finding.ts';
import type { Observation, Probes } from '../observation.ts';
import { offersUpgrade } from '../offers.ts';
import { bounded, foundAt, isSeen, type Place } from '../place.ts';
import { isSix } from './conn-families.ts';

export function consistencyFindings(theCase: CheckCase, host: HostCase): readonly Finding[] {
  const seen = host.observations.filter(
    ({ endpoint, base }) =>
      endpoint.tls === 'starttls' && isSeen(base) && base.upgrade.kind !== 'not-reached',
  );
  return [
    ...acrossAddresses(host, seen),
    ...seen.flatMap((observation) => {
      const place = { theCase, host, observation };
      return [...acrossTime(place), ...acrossHello(place)];
    }),
  ];
}

function isOffered({ base }: Observation): boolean {
  return base.upgrade.kind !== 'not-offered';
}

/** Of one host and one port; doors of different protocols are not compared. */
function acrossAddresses(host: HostCase, seen: readonly Observation[]): readonly Finding[] {
  const ports = [...new Set(seen.map(({ endpoint }) => endpoint.port))];
  return ports.flatMap((port) => {
    const group = seen.filter(({ endpoint }) => endpoint.port === port);
    return group.length < 2 ? [] : compared(host, port, group);
  });
}

function compared(host: HostCase, port: number, group: readonly Observation[]): readonly Finding[] {
  const [withIt, without] = [group.filter(isOffered), group.filter((one) => !isOffered(one))];
  const evidence = [
    told('STARTTLS is offered at', withIt),
    told('STARTTLS is not offered at', without),
  ].flat();
  const scope = { host: host.name, port };
  if (withIt.length === 0 || without.length === 0) {
    const said = { scope, evidence: bounded(evidence) };
    const families = sameFamily(group) ? [] : [finding('starttls.inconsistent-family', 'pass', said)];
    return [finding('starttls.inconsistent-ip', 'pass', said), ...families];
  }
  // Where the line between them is the family, the repair is in the server's or the firewall's half for that family.
  const isFamily = sameFamily(withIt) && sameFamily(without) && familyOf(withIt[0]) !== familyOf(without[0]);
  const id = isFamily ? 'starttls.inconsistent-family' : 'starttls.inconsistent-ip';
  const words = wordsAt(id, group[0]?.endpoint.protocol ?? 'smtp');
  const fix = words.order(repairOf(id, 'fail', scope));
  return [finding(id, 'fail', { scope, evidence: bounded(evidence), ...words.said, fix })];
}

function told(what: string, group: readonly Observation[]): readonly string[] {
  return group.length === 0 ? [] : [`${what} ${group.map(({ endpoint }) => endpoint.address).join(', ')}`];
}

function familyOf(observation: Observation | undefined): 4 | 6 {
  return observation !== undefined && isSix(observation.endpoint.address) ? 6 : 4;
}

function sameFamily(group: readonly Observation[]): boolean {
  return group.every((one) => familyOf(one) === familyOf(group[0]));
}

const handshakes = [
  'otherKey',
  'legacy',
  'noServerName',
  'upToTls12',
] as const satisfies readonly (keyof Probes)[];

/** Further connections of the same check, with the same name in EHLO, to the same address. */
function acrossTime(place: Place): readonly Finding[] {
  const { probes } = place.observation;
  const { weak = [], suites: _, ...hellos } = probes.hello ?? {};
  const asked = [...handshakes.map((name) => probes[name]), ...Object.values(hellos), ...weak];
  const offers = asked.flatMap((probe) => (probe?.kind === 'seen' ? [probe.result !== 'not-offered'] : []));
  if (offers.length === 0) return [];
  const all = [isOffered(place.observation), ...offers];
  const times = all.filter((offered) => offered).length;
  if (times === 0) return [];
  const evidence = [`STARTTLS was offered at ${times} of ${all.length} connections within this check.`];
  const state = times === all.length ? 'pass' : 'fail';
  return [foundAt(place, 'starttls.inconsistent-time', state, { evidence })];
}

function acrossHello(place: Place): readonly Finding[] {
  const { probes, endpoint } = place.observation;
  const probe = probes.otherHello;
  if (probe?.kind !== 'seen') return [];
  const [usual, other] = [isOffered(place.observation), offersUpgrade(endpoint.protocol, probe.clear)];
  if (other === undefined || (!usual && !other)) return [];
  const evidence = [
    `With our usual name in EHLO STARTTLS is ${usual ? '' : 'not '}offered.`,
    `With the name ${probe.helloName} STARTTLS is ${other ? '' : 'not '}offered.`,
  ];
  return [foundAt(place, 'starttls.inconsistent-ehlo', usual === other ? 'pass' : 'fail', { evidence })];
}
