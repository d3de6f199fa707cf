/** What our own program says, by its JSON: the report, and the recording in it. */
import { X509Certificate } from 'node:crypto';
import { readRecording } from '../../../src/cli/check/recording.ts';
import { type CheckReport, checkReportSchema } from '../../../src/events/check-report.ts';
import type { HelloProbes, HelloSeen, HelloSession } from '../../../src/findings/hello-seen.ts';
import type { Observation, ObservedTls, Probed } from '../../../src/findings/observation.ts';
import { groupName } from '../../../src/tls/hello/groups.ts';
import { suiteName } from '../../../src/tls/hello/suites.ts';
import { waxwing } from '../../unit/cli/control-peer.ts';
import { hexOf, ianaGroup } from './names.ts';
import {
  type Door,
  type Fault,
  listed,
  type Sighting,
  type Verified,
  type VersionName,
  verifiedBy,
} from './sighting.ts';

/** What it is told of the world: a resolver that knows the host, and a file with the root. */
export interface World {
  readonly resolver: string;
  readonly rootFile: string;
}

/** Checks a server with every suite listed, as its operator would. */
export async function lookByOurselves(
  { host, port, protocol, tls }: Door,
  { resolver, rootFile }: World,
): Promise<Sighting> {
  const how = ['--protocol', protocol, '--tls', tls, '--depth', 'deep', '--suites', 'all', '--json'];
  const where = ['--resolver', resolver, '--dnssec', 'off', '--ca', rootFile, '--data', '/none'];
  const { stdout, stderr } = await waxwing(['check', `${host}:${port}`, ...how, ...where]);
  if (stderr !== '') throw new Error(`waxwing: ${stderr}`);
  return sightingOf(checkReportSchema.parse(JSON.parse(stdout)));
}

const versionsOnTheWire: ReadonlyMap<number, VersionName> = new Map([
  [0x0002, 'SSLv2'],
  [0x0300, 'SSLv3'],
  [0x0301, 'TLSv1'],
  [0x0302, 'TLSv1.1'],
  [0x0303, 'TLSv1.2'],
  [0x0304, 'TLSv1.3'],
]);

function sightingOf(report: CheckReport): Sighting {
  const recording = readRecording(report.recording);
  if (recording.kind !== 'ok') throw new Error(`waxwing: ${recording.because}`);
  const [observation] = recording.value.observations;
  if (observation === undefined) throw new Error('waxwing has visited nobody');
  const { hello = {} } = observation.probes;
  const sessions = answersOf(hello).flatMap(sessionOf);
  const secured = securedOf(observation);
  return {
    versions: versionsOf(hello, secured),
    suites: suitesOf(hello),
    groups: listed(
      [
        ...sessions.flatMap(({ group }) => (group === null ? [] : [groupName(group)])),
        ...answersOf(hello).flatMap(retriedOf).map(groupName),
        ...secured.flatMap(({ group }) => (group === null ? [] : [ianaGroup(group)])),
      ],
      false,
    ),
    certificates: listed(
      [...sessions, ...secured].flatMap(({ chain: [leaf] }) =>
        leaf === undefined ? [] : [hexOf(new X509Certificate(leaf).fingerprint256)],
      ),
      true,
    ),
    verified: secured.length === 0 ? { kind: 'unsaid' } : verdictOf(report),
  };
}

function answersOf(hello: HelloProbes): readonly Probed<HelloSeen>[] {
  const { suites: _, weak = [], ...single } = hello;
  return [...Object.values(single), ...weak].filter((one) => one !== undefined);
}

function sessionOf(probe: Probed<HelloSeen>): readonly HelloSession[] {
  return probe.kind === 'seen' && probe.result === 'agreed' ? [probe.session] : [];
}

function retriedOf(probe: Probed<HelloSeen>): readonly number[] {
  return probe.kind === 'seen' && probe.result === 'retry' && probe.group !== null ? [probe.group] : [];
}

function securedOf({ base, probes }: Observation): readonly ObservedTls[] {
  const { otherKey, noServerName, upToTls12 } = probes;
  return [
    base.tls,
    ...[otherKey, noServerName, upToTls12].map((probe) =>
      probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls : null,
    ),
  ].filter((one) => one !== null);
}

/** Every version is asked for; the list of suites says of each whether it is there. */
function versionsOf(
  { ssl2, suites }: HelloProbes,
  secured: readonly ObservedTls[],
): ReadonlyMap<VersionName, boolean> {
  if (suites === undefined) return new Map();
  const found = new Set<VersionName | undefined>([
    ...suites.versions.map(({ version }) => versionsOnTheWire.get(version)),
    ...[...versionsOnTheWire.values()].filter((name) => secured.some(({ version }) => version === name)),
  ]);
  const old = ssl2?.kind === 'seen' ? [['SSLv2', ssl2.result === 'sslv2'] as const] : [];
  return new Map([
    ...old,
    ...[...versionsOnTheWire.values()]
      .filter((name) => name !== 'SSLv2')
      .map((name) => [name, found.has(name)] as const),
  ]);
}

function suitesOf({ suites }: HelloProbes): Sighting['suites'] {
  return new Map(
    (suites?.versions ?? []).flatMap(({ version, suites: codes, unfinished }) => {
      const name = versionsOnTheWire.get(version);
      return name === undefined ? [] : [[name, listed(codes.map(suiteName), unfinished === null)] as const];
    }),
  );
}

const faultOf: Readonly<Record<string, Fault>> = {
  'cert.expired': 'time',
  'cert.not-yet-valid': 'time',
  'cert.chain.expired': 'time',
  'cert.self-signed': 'issuer',
  'cert.untrusted': 'issuer',
  'cert.chain.incomplete': 'issuer',
  'cert.name-mismatch': 'name',
  'cert.cn-only': 'name',
  'cert.eku-missing-serverauth': 'purpose',
  'cert.keyusage': 'purpose',
  'cert.key.rsa-short': 'weak',
  'cert.sig.md5': 'weak',
  'cert.sig.sha1': 'weak',
};

function verdictOf({ findings }: CheckReport): Verified {
  return verifiedBy(
    findings.flatMap(({ id, state }) => {
      const fault = faultOf[id];
      return fault !== undefined && (state === 'fail' || state === 'warn') ? [fault] : [];
    }),
  );
}
