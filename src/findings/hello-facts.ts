/** What hellos of our own have shown of a server, taken together. */
import { type CipherSuite, suiteName, suites } from '../tls/hello/suites.ts';
import { SSL_3, TLS_1_0, TLS_1_2, TLS_1_3, versionNumber } from '../tls/hello/versions.ts';
import { type BrokenClass, brokenClasses, brokenKindsOf, weakSuites } from '../tls/hello/weak-questions.ts';
import type { HelloSeen, HelloSession } from './hello-seen.ts';
import type { BrokenOffBy, HandshakeSeen, ObservedTls, Probed, Probes, Visit } from './observation.ts';

/** RFC 8446 §6.2: the server has none of the versions that were offered. */
const PROTOCOL_VERSION = 70;
/** The same as OpenSSL names it. */
const PROTOCOL_VERSION_WORDS = 'protocol version';

type Answer = Probed<HelloSeen> | undefined;

/** The session that was agreed on; undefined where there is none. */
export function agreedTo(probe: Answer): HelloSession | undefined {
  return probe?.kind === 'seen' && probe.result === 'agreed' ? probe.session : undefined;
}

/** Whether the server said no, in whatever way. */
export function isRefused(probe: Answer): boolean {
  return probe?.kind === 'seen' && probe.result === 'refused';
}

/**
 * What came of TLS 1.2 with the weakest first. Where it was asked with SNI as well only that counts: without, another server may have
 * answered than the one that was named.
 */
export function weakestAnswer({ hello }: Pick<Probes, 'hello'>): Answer {
  return hello?.weakNamed ?? hello?.weakFirst;
}

export function weakestOf(probes: Probes): HelloSession | undefined {
  return agreedTo(weakestAnswer(probes));
}

/** Whether it said that it has none of the versions of the hello. */
export function isOfOtherVersions(probe: Answer): boolean {
  return probe?.kind === 'seen' && probe.result === 'refused' && probe.alert === PROTOCOL_VERSION;
}

/** AEAD, and keys of its own for each session: nothing that RFC 9325 §4.2 does not recommend. */
function isStrong({ classes }: Pick<CipherSuite, 'classes'>): boolean {
  return classes.has('aead') && !classes.has('no-fs') && !classes.has('anon') && !classes.has('ccm8');
}

/** Of a suite that nobody knows: not. */
export function isAead(code: number): boolean {
  return suites.get(code)?.classes.has('aead') === true;
}

/** Of a suite that nobody knows: not. */
export function isForwardSecret(code: number): boolean {
  return suites.get(code)?.classes.has('no-fs') === false;
}

/** Of a suite that nobody knows, or of none: not. */
export function isStrongSuite(code: number | undefined): boolean {
  const suite = code === undefined ? undefined : suites.get(code);
  return suite !== undefined && isStrong(suite);
}

const byName: ReadonlyMap<string, number> = new Map(
  [...suites.values()].map(({ name, code }) => [name, code]),
);

/** Whose order counts, where that was seen. */
type OrderSeen =
  /** Other orders bring other suites. */
  | { readonly kind: 'client'; readonly weakest: number; readonly best: number }
  /** The same suite either way. */
  | { readonly kind: 'own'; readonly suite: number };

/**
 * Compares what came of all suites with the weakest first, and with the best first.
 *
 * That the server follows the client is known only from two hellos with the same name and the same suites: others differ in more
 * than their order. That it took the same both times is known from any two.
 */
export function orderOf({ tls }: Pick<Visit, 'tls'>, probes: Probes): OrderSeen | undefined {
  const { hello, upToTls12 } = probes;
  const weakest = weakestOf(probes);
  if (weakest === undefined || weakest.version > TLS_1_2) return undefined;
  const best = agreedTo(hello?.bestFirst);
  if (best !== undefined && best.suite !== weakest.suite)
    return isSameLeaf(best, weakest)
      ? { kind: 'client', weakest: weakest.suite, best: best.suite }
      : undefined;
  const { suite } = weakest;
  const others = [best?.suite, codeOfSession(tls), codeOfSession(sessionOf(upToTls12))];
  return others.includes(suite) ? { kind: 'own', suite } : undefined;
}

/** Whether both showed the same certificate; of one that did not show any nothing speaks against it. */
function isSameLeaf({ chain: [one] }: HelloSession, { chain: [other] }: HelloSession): boolean {
  return one === undefined || other === undefined || Buffer.compare(one, other) === 0;
}

/** What the TLS of Node came to; null where that is nothing. */
export function sessionOf(probe: Probes['upToTls12']): ObservedTls | null {
  return probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls : null;
}

/** The suite of a session of TLS 1.2 or older. */
export function codeOfSession(tls: ObservedTls | null): number | undefined {
  return tls === null || tls.version === 'TLSv1.3' ? undefined : byName.get(tls.cipher);
}

/** A suite that the server takes, and in which version. */
export type Agreement = Pick<HelloSession, 'version' | 'suite'>;

/** What is known of one door. */
interface Known {
  readonly base: Pick<Visit, 'tls'>;
  readonly probes: Probes;
}

/** What is known of suites of a broken kind. */
export interface BrokenKind {
  readonly kind: BrokenClass;
  /** null: the server has none of it. */
  readonly taken: Agreement | null;
}

/** Every suite of the list, where there is one (--suites all), the newest version first. */
export function listedSuites({ hello }: Probes): readonly Agreement[] {
  return (hello?.suites?.versions ?? [])
    .toReversed()
    .flatMap(({ version, suites: all }) => all.map((suite) => ({ version, suite })));
}

/** Whether the server has no suites but those of the list. */
export function isListedWhole(observation: Known): boolean {
  const { suites: listed } = observation.probes.hello ?? {};
  return listed !== undefined && listed.versions.length > 0 && whyNotWhole(observation) === undefined;
}

/** The broken kinds of which something is known. */
export function brokenKinds(base: Pick<Visit, 'tls'>, probes: Probes): readonly BrokenKind[] {
  const all = agreementsOf(probes);
  const hasNone = isNewOnly(probes) || isListedWhole({ base, probes });
  const cleared = hasNone ? brokenClasses : clearedByRefusal(probes);
  return brokenClasses.flatMap((kind): BrokenKind[] => {
    const taken = all.find(({ suite }) => brokenKindsOf(suite).includes(kind));
    if (taken !== undefined) return [{ kind, taken }];
    return cleared.includes(kind) ? [{ kind, taken: null }] : [];
  });
}

/**
 * The kinds of which every suite was on offer and refused, and that in a version that it is for: there are servers that have export
 * suites in TLS 1.0 only, as RFC 4346 appendix A.5 would have it, though they speak TLS 1.2. Where the server has none of those
 * versions, its lowest will do.
 */
function clearedByRefusal(probes: Probes): readonly BrokenClass[] {
  const lowest = lowestVersion(probes);
  const refused = (probes.hello?.weak ?? []).flatMap((asked) =>
    asked.kind === 'seen' && asked.result === 'refused' ? [asked] : [],
  );
  const none = new Set(
    refused.flatMap((asked) => {
      const version = asked.version ?? TLS_1_2;
      const isFor = (code: number): boolean =>
        version <= (suites.get(code)?.until ?? 0) || version === lowest;
      return weakSuites(asked).filter(isFor);
    }),
  );
  return brokenClasses.filter((kind) => usualSuites.get(kind)?.every((code) => none.has(code)) === true);
}

/** What the usual hello of TLS 1.2 has of each broken kind. */
const usualSuites: ReadonlyMap<BrokenClass, readonly number[]> = new Map(
  brokenClasses.map((kind) => [
    kind,
    weakSuites({ without: [], version: TLS_1_2 }).filter((code) => brokenKindsOf(code).includes(kind)),
  ]),
);

/** The lowest version that the server speaks, SSL 3.0 aside where TLS 1.0 is there; undefined where that is not known. */
export function lowestVersion(probes: Probes): number | undefined {
  const { hello } = probes;
  const lowest = oldSessions(probes).at(-1)?.version;
  if (lowest === undefined) return isRefused(hello?.old) ? TLS_1_2 : undefined;
  return lowest <= TLS_1_0 || isRefused(hello?.older) ? lowest : undefined;
}

/** Every session that was agreed on, those of usual hellos first. */
export function sessionsOf({ hello = {} }: Probes): readonly HelloSession[] {
  const { bestFirst, old, older, ssl3, retry, weak = [] } = hello;
  const usual = [weakestAnswer({ hello }), bestFirst, old, older, ssl3, retry];
  const { prime, anonymous, weakCurves, sha1 } = hello;
  return [...usual, prime, anonymous, weakCurves, sha1, ...weak]
    .map(agreedTo)
    .filter((one) => one !== undefined);
}

/** Every suite that was seen to be taken: in answers to single hellos, then in the list of all, where there is one. */
function agreementsOf(probes: Probes): readonly Agreement[] {
  return [...sessionsOf(probes), ...listedSuites(probes)];
}

/**
 * Why a list of all suites is not one of all: it was broken off, or lacks what the server was seen to take; undefined where it is.
 */
export function whyNotWhole({ base, probes }: Known): string | undefined {
  const listed = listedSuites(probes);
  const cut = probes.hello?.suites?.versions.find(({ unfinished }) => unfinished !== null);
  if (cut !== undefined) return `its suites were not listed to the end: ${cut.unfinished}`;
  const missing = takenIn({ base, probes }).find(
    ({ version, suite }) =>
      suites.has(suite) && !listed.some((one) => one.version === version && one.suite === suite),
  );
  return missing === undefined ? undefined : `the list lacks ${suiteName(missing.suite)}, which it takes`;
}

/** What was taken at the first connection, and in answers to single hellos. */
export function takenIn({ base: { tls }, probes }: Known): readonly Agreement[] {
  const suite = tls === null ? undefined : byName.get(tls.cipher);
  const version = tls === null ? undefined : versionNumber(tls.version);
  const first = suite === undefined || version === undefined ? [] : [{ version, suite }];
  return [...first, ...sessionsOf(probes)];
}

/** What was agreed on below TLS 1.2, the newest first; SSL 2.0 is told apart. */
export function oldSessions(probes: Probes): readonly Agreement[] {
  return agreementsOf(probes)
    .filter(({ version }) => version < TLS_1_2 && version >= SSL_3)
    .toSorted((one, other) => other.version - one.version);
}

/** Whether a handshake with the TLS of Node failed by the server's word, and not by ours; where that was not recorded: not. */
export function isBrokenOffByServer(probe: Probed<HandshakeSeen> | undefined): boolean {
  const by = brokenOffBy(probe);
  return by !== undefined && by.kind !== 'own';
}

function brokenOffBy(probe: Probed<HandshakeSeen> | undefined): BrokenOffBy | undefined {
  return probe?.kind === 'seen' && probe.result === 'failed' ? probe.by : undefined;
}

/**
 * Whether nothing below TLS 1.3 is spoken: by the server's own word, or as it closes without one at every hello of that kind, one
 * with all suites that have a certificate and one of the TLS of Node, both with its name. (A Dovecot 2.3 refuses versions so.)
 */
export function isNewOnly(probes: Probes): boolean {
  if (saysNewOnly(probes)) return true;
  if (oldSessions(probes).length > 0) return false;
  return isClosedAt(weakestAnswer(probes)) && brokenOffBy(probes.upToTls12)?.kind === 'closed';
}

/**
 * Whether the server says that it has none of the versions below TLS 1.3. Any other alert is none about versions: a server whose
 * certificate is not for signatures has TLS 1.2, and suites without a certificate in it.
 */
export function saysNewOnly(probes: Probes): boolean {
  const answer = weakestAnswer(probes);
  // A GnuTLS 3.7.9 without TLS 1.2 refuses its hello so, and has an older version all the same.
  if (oldSessions(probes).length > 0) return false;
  if (isOfOtherVersions(answer)) return true;
  const by = brokenOffBy(probes.upToTls12);
  return isRefused(answer) && by?.kind === 'alert' && by.alert === PROTOCOL_VERSION_WORDS;
}

function isClosedAt(probe: Answer): boolean {
  return probe?.kind === 'seen' && probe.result === 'refused' && probe.alert === null;
}

/**
 * Whether a hello was refused for want of a name, and the same one with it was not. That the versions of it are not there says nothing
 * of clients that have newer ones.
 */
export function isNameNeeded({ hello }: Probes): boolean {
  const { weakFirst, weakNamed } = hello ?? {};
  return isRefused(weakFirst) && !isOfOtherVersions(weakFirst) && agreedTo(weakNamed) !== undefined;
}

/** Whether what the server takes from a client of today with TLS 1.2 is known to be strong, whichever order the client has. */
export function isStrongAnyway(probes: Probes): boolean {
  const session = weakestOf(probes);
  return session?.version === TLS_1_2 && isStrongSuite(session.suite);
}

/** The group that the server wants most of all that we know; undefined where it was not asked, or has no TLS 1.3. */
export function wantedGroup({ hello }: Probes): number | undefined {
  const retry = hello?.retry;
  if (retry?.kind !== 'seen') return undefined;
  if (retry.result === 'retry') return retry.group ?? undefined;
  return retry.result === 'agreed' && retry.session.version === TLS_1_3
    ? (retry.session.group ?? undefined)
    : undefined;
}

/** Whether the server spoke TLS at all, to whatever hello: the TLS of Node may have none of its suites, or refuse its key. */
export function isTlsSpoken({ tls }: Pick<Visit, 'tls'>, probes: Probes): boolean {
  const retry = probes.hello?.retry;
  const wantsGroup = retry?.kind === 'seen' && retry.result === 'retry';
  return tls !== null || wantsGroup || sessionsOf(probes).length > 0;
}
