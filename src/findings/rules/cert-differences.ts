/** Whether a host shows the same certificate everywhere: at every address, and to clients of either kind of key. */
import type { CheckCase, HostCase } from '../case.ts';
import type { Severity } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import { bounded, foundAt } from '../place.ts';
import { isReadable, type Presented, presentedAt, shortHash } from '../presented.ts';

export function differenceFindings(theCase: CheckCase, host: HostCase): readonly Finding[] {
  const all = host.observations
    .map((observation) => presentedAt({ theCase, host, observation }).filter(isReadable))
    .filter((presented) => presented.length > 0);
  const usual = all.flatMap((presented) => presented.filter(({ hello }) => hello === 'usual'));
  const doors = [...new Set(usual.map(doorOf))];
  return [
    ...doors.flatMap((door) =>
      byAddress(
        host,
        usual.filter((one) => doorOf(one) === door),
      ),
    ),
    ...all.flatMap((presented) => byKey(presented)),
  ];
}

function doorOf({ place: { observation } }: Presented): string {
  return `${observation.endpoint.port} ${observation.endpoint.tls}`;
}

/** What somebody who verifies goes by. */
function traitsOf({ summary, tls }: Presented): string {
  return `${tls.path.kind} ${summary.names.toSorted().join(' ')} ${summary.issuer}`;
}

/** Several servers with a certificate of their own each are fine, as long as these are worth the same. */
function byAddress(host: HostCase, group: readonly Presented[]): readonly Finding[] {
  const [first] = group;
  if (first === undefined || group.length < 2) return [];
  const { port } = first.place.observation.endpoint;
  const scope = { host: host.name, port };
  const evidence = bounded(
    group.map(
      ({ place, summary }) =>
        `${place.observation.endpoint.address}: ${shortHash(summary.sha256)}, to ${summary.names.join(', ') || 'nobody'}`,
    ),
  );
  const isSame = group.every(({ summary }) => summary.sha256 === first.summary.sha256);
  if (isSame) return [finding('cert.differs-by-ip', 'pass', { scope, evidence })];
  const isWorthTheSame = group.every((one) => traitsOf(one) === traitsOf(first));
  const severity: Severity = isWorthTheSame ? 'info' : 'medium';
  return [finding('cert.differs-by-ip', 'warn', { scope, evidence, severity })];
}

function byKey([first, second]: readonly Presented[]): readonly Finding[] {
  if (first === undefined || second === undefined) return [];
  const evidence = [first, second].map(
    ({ leaf, summary, tls }) =>
      `Key ${leaf.key.asymmetricKeyType ?? 'unknown'}: ${shortHash(summary.sha256)}, for ${summary.names.join(', ') || 'nobody'}, ${tls.path.kind}`,
  );
  const differs =
    first.tls.path.kind !== second.tls.path.kind ||
    first.summary.names.toSorted().join(' ') !== second.summary.names.toSorted().join(' ');
  return [foundAt(first.place, 'cert.differs-by-alg', differs ? 'warn' : 'pass', { evidence })];
}
