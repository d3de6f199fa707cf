/** Suites that hellos of our own were answered with: kinds that are broken, and whose order counts. RFC 9325 §4.1, §4.2. */
import { suiteName, suites } from '../../tls/hello/suites.ts';
import { TLS_1_2 } from '../../tls/hello/versions.ts';
import {
  type BrokenClass,
  brokenClasses,
  brokenKindsOf,
  weakSuites,
} from '../../tls/hello/weak-questions.ts';
import type { CheckId } from '../catalogue.ts';
import type { Finding } from '../finding.ts';
import {
  agreedTo,
  type BrokenKind,
  brokenKinds,
  codeOfSession,
  isAead,
  isForwardSecret,
  isListedWhole,
  isRefused,
  isStrongAnyway,
  isStrongSuite,
  listedSuites,
  orderOf,
  saysNewOnly,
  weakestOf,
  whyNotWhole,
} from '../hello-facts.ts';
import type { SuitesSeen } from '../hello-seen.ts';
import { showAnswer, showSession, showVersion } from '../hello-words.ts';
import type { Observation, ObservedTls, Probes } from '../observation.ts';
import { foundAt, type Place, type Said } from '../place.ts';
import { type Scrutiny, scrutinyAt } from '../scrutiny.ts';

export function suiteFindings(place: Place): readonly Finding[] {
  const { base, probes } = place.observation;
  return [
    ...broken(place),
    ...anonymous(place),
    ...(base.tls === null ? [] : withoutTls13(place, base.tls)),
    ...order(place),
    ...(probes.hello?.suites === undefined ? [] : listed(place, probes.hello.suites)),
  ];
}

/** Which check tells of which kinds. */
const kindsOfChecks: readonly (readonly [CheckId & `tls.suite.${string}`, readonly BrokenClass[]])[] = [
  ['tls.suite.null', ['null']],
  ['tls.suite.export', ['export']],
  ['tls.suite.rc4', ['rc4']],
  ['tls.suite.des', ['des', 'rc2']],
  ['tls.suite.3des', ['3des', 'idea']],
];

function broken(place: Place): readonly Finding[] {
  const known = brokenKinds(place.observation.base, place.observation.probes);
  return kindsOfChecks.flatMap(([id, kinds]) => ofKinds(place, id, kinds, known));
}

function ofKinds(
  place: Place,
  id: CheckId,
  kinds: readonly BrokenClass[],
  known: readonly BrokenKind[],
): readonly Finding[] {
  const taken = known.flatMap((one) => (kinds.includes(one.kind) && one.taken !== null ? [one.taken] : []));
  if (taken.length > 0) {
    const evidence = [...new Set(taken.map((session) => `Agreed on: ${showSession(session)}`))];
    return [foundAt(place, id, 'fail', { evidence })];
  }
  const isCleared = kinds.every((kind) => known.some((one) => one.kind === kind));
  return isCleared ? [foundAt(place, id, 'pass', { evidence: whyCleared(place) })] : [];
}

/** Each hello that was refused, with what was on offer. */
function whyCleared(place: Place): readonly string[] {
  const { probes } = place.observation;
  if (isListedWhole(place.observation)) return [NOT_LISTED];
  const evidence = (probes.hello?.weak ?? []).flatMap((asked) => {
    if (asked.kind !== 'seen' || asked.result !== 'refused') return [];
    const { version = TLS_1_2 } = asked;
    const offered = weakSuites(asked).flatMap(brokenKindsOf);
    const names = brokenClasses.filter((kind) => offered.includes(kind)).map((name) => name.toUpperCase());
    return [
      `A hello of ${showVersion(version)} at most with suites of ${names.join(', ')} only was answered with ${showAnswer(asked)}.`,
    ];
  });
  return evidence.length > 0 ? evidence : ['It has none of the versions that such suites go with.'];
}

const NOT_LISTED = 'Every suite that it takes was listed, and none of these is among them.';

/** Servers of mail take them from senders that would go on in clear otherwise; those that look at certificates do not offer them. */
function anonymous(place: Place): readonly Finding[] {
  const { probes } = place.observation;
  const session = agreedTo(probes.hello?.anonymous) ?? listedSuites(probes).find(isAnonymous);
  if (session === undefined) {
    const why = whyNotAnonymous(place.observation);
    return why === undefined ? [] : [foundAt(place, 'tls.suite.anon', 'pass', { evidence: [why] })];
  }
  const evidence = [`Agreed on: ${showSession(session)}`];
  const found = (said: Said): readonly Finding[] => [foundAt(place, 'tls.suite.anon', 'warn', said)];
  if (place.observation.endpoint.protocol !== 'smtp') return found({ evidence });
  const preferred = preferredAnonymous(probes);
  if (preferred === undefined || !verifying.includes(scrutinyAt(place)))
    return found({ evidence, severity: 'info', why: USUAL });
  const first = `Of all suites that it takes it prefers ${showSession(preferred)}`;
  return found({ evidence: [first], severity: 'high', why: PREFERRED });
}

/** Where senders look at the certificate. */
const verifying: readonly Scrutiny[] = ['sts-enforce', 'dane-ta', 'dane-ee'];

const USUAL =
  'The server agrees to suites in which it proves nothing of itself. At port 25 that is usual, and worth a little more than clear text: senders that look at certificates never offer them.';
const PREFERRED =
  'The server prefers suites in which it proves nothing of itself to those in which it does. A policy has senders verify it: one that offers such a suite all the same is shown no certificate, and does not deliver.';

function isAnonymous({ suite }: { readonly suite: number }): boolean {
  return suites.get(suite)?.classes.has('anon') === true;
}

/** The first of the list of a server that goes by its own order; one that follows the client prefers nothing. */
function preferredAnonymous({ hello }: Probes): ReturnType<typeof listedSuites>[number] | undefined {
  for (const { version, suites: all, ownOrder } of hello?.suites?.versions ?? []) {
    const [suite] = all;
    if (ownOrder === true && suite !== undefined && isAnonymous({ suite })) return { version, suite };
  }
  return undefined;
}

/** @returns undefined where there may be some. */
function whyNotAnonymous({ base, probes }: Observation): string | undefined {
  if (saysNewOnly(probes)) return 'It has no version below TLS 1.3.';
  if (isRefused(probes.hello?.anonymous))
    return 'A hello with suites without a certificate only was refused.';
  return isListedWhole({ base, probes }) ? NOT_LISTED : undefined;
}

/** Of a server that has no TLS 1.3: whether it has anything sound at all, by a hello that offered nothing without it. */
function withoutTls13(place: Place, tls: ObservedTls): readonly Finding[] {
  const retry = place.observation.probes.hello?.retry;
  const code = codeOfSession(tls);
  // Older ones were not offered in that hello.
  if (code === undefined || tls.version !== 'TLSv1.2' || retry?.kind !== 'seen') return [];
  const agreed = agreedTo(retry);
  if (agreed === undefined && !isRefused(retry)) return [];
  const taken = [code, ...(agreed === undefined ? [] : [agreed.suite])];
  const evidence = [
    `Agreed on of all suites: ${tls.version}, ${tls.cipher}`,
    `Of those with what that one lacks: ${showAnswer(retry)}`,
  ];
  const [hasSecrecy, hasAead] = [taken.some(isForwardSecret), taken.some(isAead)];
  // A server that took one of those that have either has chosen, and may have the other as well.
  const isChoice = agreed !== undefined;
  return [
    ...(hasSecrecy || !isChoice
      ? [foundAt(place, 'tls.suite.no-fs', hasSecrecy ? 'pass' : 'fail', { evidence })]
      : []),
    ...(hasAead || !isChoice
      ? [foundAt(place, 'tls.suite.no-aead', hasAead ? 'pass' : 'warn', { evidence })]
      : []),
  ];
}

function order(place: Place): readonly Finding[] {
  const { base, probes } = place.observation;
  const found = orderOf(base, probes);
  if (found === undefined) return isStrongAnyway(probes) ? strongAnyway(place, probes) : [];
  if (found.kind === 'own') {
    const evidence = [`Whatever the order of the client, it takes ${suiteName(found.suite)}.`];
    return [foundAt(place, 'tls.suite.order', 'pass', { evidence })];
  }
  const evidence = [
    `With the weakest first it took ${suiteName(found.weakest)}.`,
    `With the best first it took ${suiteName(found.best)}.`,
  ];
  const isHarmless = isStrongSuite(found.weakest);
  return [foundAt(place, 'tls.suite.order', isHarmless ? 'pass' : 'warn', { evidence })];
}

function strongAnyway(place: Place, probes: Probes): readonly Finding[] {
  const evidence = [`With the weakest first it took ${suiteName(weakestOf(probes)?.suite ?? 0)}.`];
  return [foundAt(place, 'tls.suite.order', 'pass', { evidence })];
}

function listed(place: Place, { versions, connections }: SuitesSeen): readonly Finding[] {
  const evidence = versions.map(({ version, suites: all, unfinished }) => {
    const rest = unfinished === null ? '' : ` (not to the end: ${unfinished})`;
    return `${showVersion(version)}: ${all.length}${rest}`;
  });
  const total = new Set(versions.flatMap(({ suites: all }) => all)).size;
  const why = whyNotWhole(place.observation);
  const isCut = versions.some(({ unfinished }) => unfinished !== null);
  return [
    foundAt(place, 'tls.suite.count', why === undefined ? 'pass' : 'not-tested', {
      evidence: [
        `${total} suites, found by ${connections} connections`,
        ...evidence,
        ...(why === undefined || isCut ? [] : [`It is not all: ${why}.`]),
      ],
    }),
  ];
}
