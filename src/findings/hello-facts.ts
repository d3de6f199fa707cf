/** What hellos of our own have shown of a server, taken together. */
import { type CipherSuite, suites } from '../tls/hello/suites.ts';
import { SSL_3, TLS_1_2, TLS_1_3 } from '../tls/hello/versions.ts';
import { type BrokenClass, brokenClasses, brokenKindsOf } from '../tls/hello/weak-questions.ts';
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

/** What came of TLS 1.2 with the weakest first, without SNI or with it. */
export function weakestOf({ hello }: Probes): HelloSession | undefined {
  return agreedTo(hello?.weakFirst) ?? agreedTo(hello?.weakNamed);
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

/** Compares what came of all suites with the weakest first, and with the best first. */
export function orderOf({ tls }: Pick<Visit, 'tls'>, probes: Probes): OrderSeen | undefined {
  const { hello, upToTls12 } = probes;
  const weakest = weakestOf(probes);
  if (weakest === undefined || weakest.version > TLS_1_2) return undefined;
  const raw = agreedTo(hello?.bestFirst)?.suite;
  // The TLS of Node does not have the broken ones, and what it gets instead of them says nothing.
  const isOffered = brokenKindsOf(weakest.suite).length === 0;
  const best = raw ?? (isOffered ? (codeOfSession(tls) ?? codeOfSession(sessionOf(upToTls12))) : undefined);
  if (best === undefined) return undefined;
  return best === weakest.suite
    ? { kind: 'own', suite: best }
    : { kind: 'client', weakest: weakest.suite, best };
}

/** What the TLS of Node came to; null where that is nothing. */
export function sessionOf(probe: Probes['upToTls12']): ObservedTls | null {
  return probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls : null;
}

/** The suite of a session of TLS 1.2 or older. */
export function codeOfSession(tls: ObservedTls | null): number | undefined {
  return tls === null || tls.version === 'TLSv1.3' ? undefined : byName.get(tls.cipher);
}

/** What is known of suites of a broken kind. */
export interface BrokenKind {
  readonly kind: BrokenClass;
  /** null: the server has none of it. */
  readonly taken: SuiteTaken | null;
}

/** What a server agreed to, as far as suites matter. */
type SuiteTaken = Pick<HelloSession, 'version' | 'suite'>;

/** Every suite of the list, where there is one (--suites all), the newest version first. */
export function listedSuites({ hello }: Probes): readonly SuiteTaken[] {
  return (hello?.suites?.versions ?? [])
    .toReversed()
    .flatMap(({ version, suites: all }) => all.map((suite) => ({ version, suite })));
}

/** Whether the server has no suites but those of the list. */
export function isListedWhole({ hello }: Probes): boolean {
  const versions = hello?.suites?.versions ?? [];
  return versions.length > 0 && versions.every(({ unfinished }) => unfinished === null);
}

/** The broken kinds of which something is known; of a server that follows the client, all that are weaker than what it took. */
export function brokenKinds(base: Pick<Visit, 'tls'>, probes: Probes): readonly BrokenKind[] {
  const { hello } = probes;
  const sessions = [...sessionsOf(probes), ...listedSuites(probes)];
  const cleared = new Set([...clearedByRefusal(hello?.weak ?? []), ...clearedByOrder(base, probes)]);
  return brokenClasses.flatMap((kind): BrokenKind[] => {
    const taken = sessions.find(({ suite }) => brokenKindsOf(suite).includes(kind));
    if (taken !== undefined) return [{ kind, taken }];
    return cleared.has(kind) ? [{ kind, taken: null }] : [];
  });
}

/** Where none of the kinds that were offered was taken there are none of them. */
function clearedByRefusal(asked: NonNullable<NonNullable<Probes['hello']>['weak']>): readonly BrokenClass[] {
  const last = asked.at(-1);
  if (last?.kind !== 'seen' || last.result !== 'refused') return [];
  return brokenClasses.filter((kind) => !last.without.includes(kind));
}

/**
 * A server without TLS 1.2 and older has none, nor has one whose list has none; one that follows the client has none that stand
 * before what it took.
 */
function clearedByOrder(base: Pick<Visit, 'tls'>, probes: Probes): readonly BrokenClass[] {
  if (isNewOnly(probes) || isListedWhole(probes)) return brokenClasses;
  const order = orderOf(base, probes);
  if (order?.kind !== 'client') return [];
  const [kind] = brokenKindsOf(order.weakest);
  return kind === undefined ? brokenClasses : brokenClasses.slice(0, brokenClasses.indexOf(kind));
}

/** Every session that was agreed on, those of usual hellos first. */
export function sessionsOf({ hello = {} }: Probes): readonly HelloSession[] {
  const { weakFirst, weakNamed, bestFirst, old, older, ssl3, retry, weak = [] } = hello;
  const usual = [weakFirst, weakNamed, bestFirst, old, older, ssl3, retry];
  const { prime, anonymous, weakCurves, sha1 } = hello;
  return [...usual, prime, anonymous, weakCurves, sha1, ...weak]
    .map(agreedTo)
    .filter((one) => one !== undefined);
}

/** Sessions below TLS 1.2 that were agreed on, the newest first; SSL 2.0 is told apart. */
export function oldSessions({ hello }: Probes): readonly HelloSession[] {
  return [hello?.weakFirst, hello?.weakNamed, hello?.old, hello?.older, hello?.ssl3]
    .map(agreedTo)
    .filter((one) => one !== undefined)
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
 * with all suites that have a certificate and one of the TLS of Node with its name. (A Dovecot 2.3 refuses versions so.)
 */
export function isNewOnly(probes: Probes): boolean {
  const { hello, upToTls12 } = probes;
  if (saysNewOnly(probes)) return true;
  const raw = [hello?.weakFirst, ...(hello?.weakNamed === undefined ? [] : [hello.weakNamed])];
  return raw.every(isClosedAt) && brokenOffBy(upToTls12)?.kind === 'closed';
}

/**
 * Whether the server says that it has none of the versions below TLS 1.3. Any other alert is none about versions: a server whose
 * certificate is not for signatures has TLS 1.2, and suites without a certificate in it.
 */
export function saysNewOnly({ hello, upToTls12 }: Probes): boolean {
  if (isOfOtherVersions(hello?.weakFirst) || isOfOtherVersions(hello?.weakNamed)) return true;
  const by = brokenOffBy(upToTls12);
  return isRefused(hello?.weakFirst) && by?.kind === 'alert' && by.alert === PROTOCOL_VERSION_WORDS;
}

function isClosedAt(probe: Answer): boolean {
  return probe?.kind === 'seen' && probe.result === 'refused' && probe.alert === null;
}

/** Whether a hello was refused for want of a name, and the same one with it was not. */
export function isNameNeeded({ hello }: Probes): boolean {
  return isRefused(hello?.weakFirst) && agreedTo(hello?.weakNamed) !== undefined;
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
