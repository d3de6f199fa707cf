/** Versions, suites and groups, as far as the TLS of Node shows them. RFC 8996, RFC 9325 §3, §4. */
import type { CheckCase } from '../case.ts';
import type { CheckId } from '../catalogue.ts';
import type { Finding } from '../finding.ts';
import type { ObservedTls, Probes } from '../observation.ts';
import { foundAt, isBeside, isSecured, isSeen, type Place, placesOf } from '../place.ts';

export function tlsFindings(theCase: CheckCase): readonly Finding[] {
  return placesOf(theCase).flatMap((place) => {
    const { base, probes } = place.observation;
    if (base.tls === null || !isSeen(base)) return [];
    return [
      ...oldVersions(place, base.tls, probes.legacy),
      ...newVersions(place, base.tls, probes.upToTls12),
      ...suites(place, sessionsOf(base.tls, probes)),
      ...group(place, base.tls),
      ...alpn(place, probes.alpn),
    ];
  });
}

type VersionId = 'tls.tls10' | 'tls.tls11';

const OLD: ReadonlyMap<string, VersionId> = new Map([
  ['TLSv1', 'tls.tls10'],
  ['TLSv1.1', 'tls.tls11'],
]);

/** What the server agrees to where nothing above TLS 1.1 is on offer; of the two it takes the newer. */
function oldVersions(place: Place, tls: ObservedTls, legacy: Probes['legacy']): readonly Finding[] {
  const spoken = OLD.has(tls.version) ? tls : agreedIn(legacy);
  const id = spoken && OLD.get(spoken.version);
  if (spoken !== undefined && id !== undefined) {
    const evidence = [`Agreed on: ${spoken.version}, ${spoken.cipher}`];
    const found = foundAt(place, id, 'fail', { evidence });
    if (id === 'tls.tls10')
      return [
        found,
        foundAt(place, 'tls.tls11', 'pass', { evidence: ['It would be preferred to 1.0.', ...evidence] }),
      ];
    const because = 'TLS 1.1 was agreed on, so that 1.0 was not come to.';
    return [found, foundAt(place, 'tls.tls10', 'not-tested', { evidence: [because], severity: 'info' })];
  }
  if (legacy?.kind === 'not-tested') return untested(place, ['tls.tls10', 'tls.tls11'], legacy.because);
  if (legacy?.result !== 'failed') return [];
  const evidence = [`A hello of TLS 1.0 and 1.1 only was refused: ${legacy.because}`];
  return [
    foundAt(place, 'tls.tls10', 'pass', { evidence }),
    foundAt(place, 'tls.tls11', 'pass', { evidence }),
  ];
}

function agreedIn(probe: Probes['legacy']): ObservedTls | undefined {
  return probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls : undefined;
}

function untested(place: Place, ids: readonly CheckId[], because: string): readonly Finding[] {
  const fix = [{ who: 'tester', do: 'Check again later.' } as const];
  return ids.map((id) =>
    foundAt(place, id, 'not-tested', { evidence: [because], severity: 'low', fix, retryAt: retryAt(place) }),
  );
}

function retryAt({ observation }: Place): number {
  return observation.at + 60 * 60_000;
}

function newVersions(place: Place, tls: ObservedTls, upTo12: Probes['upToTls12']): readonly Finding[] {
  const evidence = [`Agreed on: ${tls.version}, ${tls.cipher}`];
  if (OLD.has(tls.version))
    return [
      foundAt(place, 'tls.no-tls12', 'fail', { evidence }),
      foundAt(place, 'tls.no-tls13', 'absent', { evidence }),
    ];
  if (tls.version !== 'TLSv1.3')
    return [
      foundAt(place, 'tls.no-tls12', 'pass', { evidence }),
      foundAt(place, 'tls.no-tls13', 'absent', { evidence }),
    ];
  return [foundAt(place, 'tls.no-tls13', 'pass', { evidence }), ...upToTls12(place, upTo12)];
}

function upToTls12(place: Place, probe: Probes['upToTls12']): readonly Finding[] {
  // Where the first handshake failed at its end, this one failed for the same reason.
  if (probe === undefined || !isSecured(place)) return [];
  if (probe.kind === 'not-tested') return untested(place, ['tls.no-tls12'], probe.because);
  switch (probe.result) {
    case 'not-offered':
      return [];
    case 'failed':
      return [
        foundAt(place, 'tls.no-tls12', 'warn', {
          evidence: [`A hello without TLS 1.3 was refused: ${probe.because}`],
          severity: 'medium',
          why:
            place.observation.endpoint.protocol !== 'smtp'
              ? 'The server speaks TLS 1.3 only. Clients that have nothing above TLS 1.2 cannot connect with TLS.'
              : 'The server speaks TLS 1.3 only. About one mail in ten still comes from senders that have nothing above TLS 1.2: theirs comes in clear, or not at all where a policy requires TLS.',
        }),
      ];
    case 'secured':
      return [
        foundAt(place, 'tls.no-tls12', 'pass', {
          evidence: [`Agreed on without TLS 1.3: ${probe.tls.version}, ${probe.tls.cipher}`],
        }),
      ];
  }
}

/** Every session that came about with a hello of today, each suite once. */
function sessionsOf(tls: ObservedTls, { upToTls12: without13, otherKey }: Probes): readonly ObservedTls[] {
  const probed = [agreedIn(without13), agreedIn(otherKey)].filter((one) => one !== undefined);
  const all = [tls, ...probed];
  return all.filter(({ cipher }, at) => all.findIndex((other) => other.cipher === cipher) === at);
}

/** Kinds of suites by the names of IANA; the server has taken them although better ones were on offer. */
const kinds: readonly (readonly [CheckId & `tls.suite.${string}`, RegExp])[] = [
  ['tls.suite.rsa-kx', /^TLS_RSA_(?:PSK_)?WITH_/],
  ['tls.suite.cbc', /_CBC_/],
  ['tls.suite.ccm8', /_CCM_8(?:_|$)/],
];

function suites(place: Place, sessions: readonly ObservedTls[]): readonly Finding[] {
  return kinds.map(([id, pattern]) => {
    const bad = sessions.filter(({ cipher }) => pattern.test(cipher));
    const evidence = (bad.length === 0 ? sessions : bad).map(
      ({ version, cipher }) => `Agreed on: ${version}, ${cipher}`,
    );
    return foundAt(place, id, bad.length === 0 ? 'pass' : 'warn', { evidence });
  });
}

/** Groups of RFC 8446 joined with ML-KEM, as OpenSSL names them. */
const HYBRID = /MLKEM/i;

function group(place: Place, { group: name, version }: ObservedTls): readonly Finding[] {
  if (isBeside(place)) return [];
  if (name === null) return [];
  const evidence = [`Key exchange: ${name} (${version})`];
  return [foundAt(place, 'tls.group.pq', HYBRID.test(name) ? 'pass' : 'absent', { evidence })];
}

function alpn(place: Place, probe: Probes['alpn']): readonly Finding[] {
  if (probe === undefined) return [];
  if (probe.kind === 'not-tested') return untested(place, ['tls.alpn-cross'], probe.because);
  if ('refused' in probe)
    return [
      foundAt(place, 'tls.alpn-cross', 'pass', {
        evidence: [`A foreign protocol was refused: ${probe.refused}`],
      }),
    ];
  const { offered, agreed } = probe;
  if (agreed === null)
    return [
      foundAt(place, 'tls.alpn-cross', 'absent', {
        evidence: [`A client that wanted ${offered} got TLS, without a word of the protocol.`],
        severity: 'info',
      }),
    ];
  return [
    foundAt(place, 'tls.alpn-cross', 'fail', {
      evidence: [`A client that wanted ${offered} was told: ${agreed}`],
    }),
  ];
}
