/** Versions, suites and groups. RFC 8996, RFC 9325 §3, §4. */
import { groupName } from '../../tls/hello/groups.ts';
import { TLS_1_0, TLS_1_1, TLS_1_2 } from '../../tls/hello/versions.ts';
import type { CheckCase } from '../case.ts';
import type { CheckId } from '../catalogue.ts';
import type { Finding } from '../finding.ts';
import {
  agreedTo,
  isBrokenOffByServer,
  isNewOnly,
  isRefused,
  oldSessions,
  wantedGroup,
  weakestOf,
} from '../hello-facts.ts';
import { showAnswer, showSession, showVersion } from '../hello-words.ts';
import type { ObservedTls, Probes, VisitEnd } from '../observation.ts';
import { foundAt, isBeside, isSecured, isSeen, isTried, type Place, placesOf } from '../place.ts';
import { nextTry } from './next-try.ts';
import { helloFindings } from './tls-hello.ts';
import { intolerance } from './tls-intolerance.ts';
import { suiteKinds } from './tls-suite-kinds.ts';
import { suiteFindings } from './tls-suites.ts';

export function tlsFindings(theCase: CheckCase): readonly Finding[] {
  return placesOf(theCase).flatMap((place) => {
    const { base, probes } = place.observation;
    // Who hangs at the first hello may have answered others.
    if (!isSeen(base) && !isTried(base)) return [];
    const found = [
      ...oldVersions(place, base.tls, probes),
      ...(base.tls === null ? withoutSession(place, probes) : ofSession(place, base.tls, probes)),
      ...suiteKinds(place),
      ...suiteFindings(place),
      ...helloFindings(place),
      ...intolerance(place),
    ];
    // What refuses every hello has nothing that is wrong, and nothing to be praised for.
    return base.tls === null ? found.filter(({ state }) => state === 'fail' || state === 'warn') : found;
  });
}

/** The first hello came to nothing; one of TLS 1.2 at most, with whatever suites there are, may have come to an older version. */
function withoutSession(place: Place, probes: Probes): readonly Finding[] {
  const session = weakestOf(probes);
  if (session === undefined || session.version >= TLS_1_2) return [];
  const evidence = [`Agreed on with TLS 1.2 on offer: ${showSession(session)}`];
  return [foundAt(place, 'tls.no-tls12', 'fail', { evidence })];
}

function ofSession(place: Place, tls: ObservedTls, probes: Probes): readonly Finding[] {
  return [
    ...newVersions(place, tls, probes),
    ...group(place, tls, wantedGroup(probes)),
    ...alpn(place, probes.alpn),
  ];
}

type VersionId = 'tls.tls10' | 'tls.tls11';

const OLD: ReadonlyMap<string, VersionId> = new Map([
  ['TLSv1', 'tls.tls10'],
  ['TLSv1.1', 'tls.tls11'],
]);

/** A session below TLS 1.2: what the TLS of Node came to, or a hello of our own. */
interface OldSession {
  readonly version: string;
  readonly words: string;
}

/** What the server agrees to where nothing above TLS 1.1 is on offer; of the two it takes the newer. */
function oldVersions(place: Place, tls: ObservedTls | null, probes: Probes): readonly Finding[] {
  const spoken = oldSpoken(tls, probes);
  const fails = [...OLD].flatMap(([version, id]) => {
    const session = spoken.find((one) => one.version === version);
    return session === undefined
      ? []
      : [foundAt(place, id, 'fail', { evidence: [`Agreed on: ${session.words}`] })];
  });
  const isFound = (id: VersionId): boolean => fails.some((one) => one.id === id);
  if (isFound('tls.tls11')) return isFound('tls.tls10') ? fails : [...fails, ...belowTls11(place, probes)];
  const [newest] = spoken;
  if (newest === undefined) return noneSpoken(place, probes);
  const preferred = [`It would be preferred to ${newest.version}.`, `Agreed on: ${newest.words}`];
  const why11 = whyWithoutTls11(tls, probes, preferred);
  const without11 = why11 === undefined ? [] : [foundAt(place, 'tls.tls11', 'pass', { evidence: why11 })];
  return [...(isFound('tls.tls10') ? fails : withoutTls10(place, probes, preferred)), ...without11];
}

/** That a server has TLS 1.0 says nothing of TLS 1.1 where that was not on offer. */
function whyWithoutTls11(
  tls: ObservedTls | null,
  probes: Probes,
  preferred: readonly string[],
): readonly string[] | undefined {
  if (isRefused(probes.hello?.old)) return ['A hello of TLS 1.1 at most was refused.'];
  const ofNode = [tls, agreedIn(probes.legacy)];
  const isOfNode = ofNode.some((one) => one !== null && one !== undefined && OLD.has(one.version));
  return isOfNode || isBelow(probes, TLS_1_1, ['old']) ? preferred : undefined;
}

/** Of a server of which a session of SSL 3.0 is known, and none of TLS 1.0 or 1.1. */
function withoutTls10(place: Place, probes: Probes, preferred: readonly string[]): readonly Finding[] {
  const isPreferred = isBelow(probes, TLS_1_0, ['old', 'older']);
  if (!isPreferred && !isRefused(probes.hello?.older)) return [];
  const evidence = isPreferred ? preferred : ['A hello of TLS 1.0 at most was refused.'];
  return [foundAt(place, 'tls.tls10', 'pass', { evidence })];
}

/** Whether less than a version came of a hello that offers it; `of`: those below TLS 1.2 that do. */
function isBelow(probes: Probes, version: number, of: readonly ('old' | 'older')[]): boolean {
  const sessions = [weakestOf(probes), ...of.map((name) => agreedTo(probes.hello?.[name]))];
  return sessions.some((session) => session !== undefined && session.version < version);
}

function noneSpoken(place: Place, probes: Probes): readonly Finding[] {
  const { legacy, hello } = probes;
  const probe = hello?.old ?? legacy;
  if (probe?.kind !== 'seen' && isNewOnly(probes))
    return noneOld(place, ['A hello of TLS 1.2 at most was refused.']);
  if (probe?.kind === 'not-tested') return untested(place, ['tls.tls10', 'tls.tls11'], probe);
  if (probe?.result === 'failed')
    return noneOld(place, [`A hello of TLS 1.0 and 1.1 only was refused: ${probe.because}`]);
  if (probe?.result !== 'refused') return [];
  return noneOld(place, [
    `A hello of TLS 1.1 at most was answered with ${showAnswer(probe)}.`,
    ...(isRefused(hello?.older) ? ['One of TLS 1.0 at most was refused, too.'] : []),
  ]);
}

/** The newest first. */
function oldSpoken(tls: ObservedTls | null, probes: Probes): readonly OldSession[] {
  const ofNode = [tls, agreedIn(probes.legacy)].filter((one) => one !== null && one !== undefined);
  return [
    ...ofNode
      .filter(({ version }) => OLD.has(version))
      .map(({ version, cipher }) => ({ version, words: `${version}, ${cipher}` })),
    ...oldSessions(probes).map((session) => ({
      version: showVersion(session.version),
      words: showSession(session),
    })),
  ];
}

function noneOld(place: Place, evidence: readonly string[]): readonly Finding[] {
  return [
    foundAt(place, 'tls.tls10', 'pass', { evidence }),
    foundAt(place, 'tls.tls11', 'pass', { evidence }),
  ];
}

/** Whether TLS 1.0 is there as well, beside TLS 1.1, where no session of it came about. */
function belowTls11(place: Place, { hello }: Probes): readonly Finding[] {
  if (isRefused(hello?.older)) {
    const evidence = ['A hello of TLS 1.0 at most was refused.'];
    return [foundAt(place, 'tls.tls10', 'pass', { evidence })];
  }
  const because = 'TLS 1.1 was agreed on, so that 1.0 was not come to.';
  return [foundAt(place, 'tls.tls10', 'not-tested', { evidence: [because], severity: 'info' })];
}

function agreedIn(probe: Probes['legacy']): ObservedTls | undefined {
  return probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls : undefined;
}

function untested(
  place: Place,
  ids: readonly CheckId[],
  { because, end }: { readonly because: string; readonly end?: VisitEnd },
): readonly Finding[] {
  const said = { evidence: [because], severity: 'low', ...nextTry(place, end, LATER_MS) } as const;
  return ids.map((id) => foundAt(place, id, 'not-tested', said));
}

const LATER_MS = 60 * 60_000;

function newVersions(place: Place, tls: ObservedTls, probes: Probes): readonly Finding[] {
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
  return [foundAt(place, 'tls.no-tls13', 'pass', { evidence }), ...upToTls12(place, probes)];
}

function upToTls12(place: Place, probes: Probes): readonly Finding[] {
  // Where the first handshake failed at its end, this one failed for the same reason.
  if (!isSecured(place)) return [];
  const { upToTls12: probe } = probes;
  const session = weakestOf(probes);
  if (session !== undefined && session.version <= TLS_1_2) {
    const evidence = [`Agreed on without TLS 1.3: ${showSession(session)}`];
    return [foundAt(place, 'tls.no-tls12', session.version === TLS_1_2 ? 'pass' : 'warn', { evidence })];
  }
  if (isNewOnly(probes)) {
    const isTold = probe?.kind === 'seen' && probe.result === 'failed';
    return [withoutTls12(place, isTold ? probe.because : 'it has none of its versions', SPEAKS_NEW_ONLY)];
  }
  if (probe === undefined) return [];
  if (probe.kind === 'not-tested') return untested(place, ['tls.no-tls12'], probe);
  switch (probe.result) {
    case 'not-offered':
      return [];
    case 'failed':
      return isBrokenOffByServer(probe)
        ? [withoutTls12(place, probe.because, COMES_TO_NEW_ONLY)]
        : untested(place, ['tls.no-tls12'], {
            because: `A hello without TLS 1.3 came to nothing: ${probe.because}`,
          });
    case 'secured':
      return [
        foundAt(place, 'tls.no-tls12', 'pass', {
          evidence: [`Agreed on without TLS 1.3: ${probe.tls.version}, ${probe.tls.cipher}`],
        }),
      ];
  }
}

const SPEAKS_NEW_ONLY = 'The server speaks TLS 1.3 only.';
/** It may have TLS 1.2, and no key or suite for it. */
const COMES_TO_NEW_ONLY = 'The server comes to a session with TLS 1.3 only.';

function withoutTls12(place: Place, because: string, what: string): Finding {
  return foundAt(place, 'tls.no-tls12', 'warn', {
    evidence: [`A hello without TLS 1.3 was refused: ${because}`],
    severity: 'medium',
    why:
      place.observation.endpoint.protocol !== 'smtp'
        ? `${what} Clients that have nothing above TLS 1.2 cannot connect with TLS.`
        : `${what} About one mail in ten still comes from senders that have nothing above TLS 1.2: theirs comes in clear, or not at all where a policy requires TLS.`,
  });
}

/** Groups of RFC 8446 joined with ML-KEM, as OpenSSL names them. */
const HYBRID = /MLKEM/i;

function group(
  place: Place,
  { group: name, version }: ObservedTls,
  wanted: number | undefined,
): readonly Finding[] {
  if (isBeside(place)) return [];
  const wish = wanted === undefined ? undefined : groupName(wanted);
  if (name === null && wish === undefined) return [];
  const evidence = [
    ...(name === null ? [] : [`Key exchange: ${name} (${version})`]),
    ...(wish === undefined ? [] : [`Of all groups it asks for ${wish}.`]),
  ];
  const isHybrid = [name ?? '', wish ?? ''].some((one) => HYBRID.test(one));
  return [foundAt(place, 'tls.group.pq', isHybrid ? 'pass' : 'absent', { evidence })];
}

/** RFC 7301 §3.2, as OpenSSL names it. */
const NO_APPLICATION_PROTOCOL = 'no application protocol';

function alpn(place: Place, probe: Probes['alpn']): readonly Finding[] {
  if (probe === undefined) return [];
  if (probe.kind === 'not-tested') return untested(place, ['tls.alpn-cross'], probe);
  if ('refused' in probe) {
    const { by } = probe;
    // Any other alert may be about anything else in the hello; who closes without a word says nothing of why.
    const isKnown = by?.kind === 'closed' || (by?.kind === 'alert' && by.alert === NO_APPLICATION_PROTOCOL);
    const evidence = [`A foreign protocol was refused: ${probe.refused}`];
    return isKnown ? [foundAt(place, 'tls.alpn-cross', 'pass', { evidence })] : [];
  }
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
