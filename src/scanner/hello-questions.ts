/** The questions that are asked by hellos of our own, and after which answers each of them is worth a connection. */
import { randomBytes } from 'node:crypto';
import {
  agreedTo,
  brokenKinds,
  codeOfSession,
  isAead,
  isForwardSecret,
  isNameNeeded,
  isNewOnly,
  isStrongAnyway,
  isStrongSuite,
  lowestVersion,
  oldSessions,
  orderOf,
  sessionOf,
  weakestAnswer,
  weakestOf,
} from '../findings/hello-facts.ts';
import type { HelloProbes, HelloSeen } from '../findings/hello-seen.ts';
import type { Probed, Probes, Visit, VisitEnd } from '../findings/observation.ts';
import { isSameLeaf } from '../findings/seen.ts';
import { forwardSecretUpTo12, type Ingredients, soundUpTo12 } from '../tls/hello/offers.ts';
import {
  type Question as Hello,
  largeQuestion,
  legacyQuestion,
  retryQuestion,
  weakFirstQuestion,
} from '../tls/hello/questions.ts';
import { TLS_1_2, TLS_1_3 } from '../tls/hello/versions.ts';
import { type BrokenClass, brokenClasses, weakQuestion } from '../tls/hello/weak-questions.ts';
import type { Knocking, NotTested, Question } from './probes.ts';

/** Those that have one answer each. */
type Single = Exclude<keyof HelloProbes, 'weak' | 'fallback' | 'large' | 'suites'>;

interface HelloTerms {
  readonly name: Single;
  readonly hello: (ingredients: Ingredients) => Hello;
  /** false: without SNI. */
  readonly named?: boolean;
  readonly isSmaller?: true;
  readonly isOpen?: (probes: Probes) => boolean;
  readonly isExtra?: true;
  readonly isSure?: true;
}

/** A server that takes anonymous suites from whoever offers them would hide its certificate behind one. */
function weakestFirst(ingredients: Ingredients): Hello {
  return weakFirstQuestion(ingredients, ['anon']);
}

/**
 * Asked at every depth but quick, where what was answered before leaves them open.
 *
 * @param hasName whether there is a name for SNI.
 */
export function usualHellos(
  base: Visit,
  hasName: boolean,
): {
  readonly weakFirst: Question;
  readonly weakNamed: Question;
  readonly old: Question;
} {
  return {
    weakFirst: question({
      name: 'weakFirst',
      hello: weakestFirst,
      named: false,
      isSmaller: true,
      isOpen: () => !hasName || base.tls !== null,
    }),
    weakNamed: question({
      name: 'weakNamed',
      hello: weakestFirst,
      isSmaller: true,
      isOpen: (probes) => hasName && !isOfNamed(base, probes),
    }),
    old: oldHello(base),
  };
}

/**
 * Whether the server that was named has answered the hello without SNI, too: it has shown a certificate that is known to be of that
 * name, and said that it has the version that came about with it (RFC 8446 §4.1.3). Where none did, there is nothing to hold against.
 */
function isOfNamed({ tls }: Visit, { hello, otherKey }: Probes): boolean {
  const shown = agreedTo(hello?.weakFirst);
  const other = otherKey?.kind === 'seen' && otherKey.result === 'secured' ? [otherKey.tls] : [];
  const known = tls === null ? [] : [tls, ...other];
  if (shown === undefined || !known.some((one) => isSameLeaf(one, shown))) return false;
  if (tls?.version === 'TLSv1.3') return shown.couldSpeak === TLS_1_3;
  return tls?.version !== 'TLSv1.2' || shown.version === TLS_1_2;
}

/** TLS 1.1 at most. */
function oldHello(base: Visit): Question {
  return question({
    name: 'old',
    hello: (ingredients) => legacyQuestion(ingredients),
    isOpen: (probes) => !isOld(base) && !isNewOnly(probes) && oldSessions(probes).length === 0,
  });
}

/**
 * What clients of TLS 1.2 get that offer the best first, and whose order counts: with SNI where the weakest first had it, as that is
 * told from two hellos that differ in nothing else.
 */
export function bestFirst(base: Visit): Question {
  const hello = (ingredients: Ingredients): Hello => ({
    ...legacyQuestion(ingredients, TLS_1_2),
    until: 'certificates',
  });
  return {
    async ask(knocking, probes) {
      const { seen, end } = await say(knocking, hello, probes.hello?.weakNamed !== undefined);
      return { probes: { hello: { bestFirst: seen } }, end };
    },
    unasked: (why) => ({ hello: { bestFirst: why } }),
    isOpen: (probes) =>
      weakestOf(probes) !== undefined &&
      !isStrongAnyway(probes) &&
      probes.hello?.bestFirst === undefined &&
      orderOf(base, probes) === undefined,
  };
}

/** Whether the server has nothing better than TLS 1.1. */
export function isOld({ tls }: Visit): boolean {
  return tls !== null && tls.version !== 'TLSv1.2' && tls.version !== 'TLSv1.3';
}

/**
 * Where the first hello came to nothing: whether that was its size. What is asked behind these, and answered, shows that a close was
 * a no.
 */
export function sizeHellos(base: Visit): readonly Question[] {
  return base.tls === null ? [retryHello(base), largeHello(base)] : [];
}

/** Where there is a connection left: what is worth one at any depth. */
export function furtherHellos(base: Visit): readonly Question[] {
  return base.tls === null ? [weakHello(base)] : [retryHello(base), weakHello(base)];
}

/** A question with one answer, which stands under its name. */
export function question({ name, hello, named, ...terms }: HelloTerms): Question {
  const place = (seen: Probed<HelloSeen>): Probes => ({ hello: { [name]: seen } });
  return {
    async ask(knocking) {
      const { seen, end } = await say(knocking, hello, named);
      return { probes: place(seen), end };
    },
    unasked: place,
    ...terms,
  };
}

/** Says a hello with a random of its own. */
export function say(
  knocking: Knocking,
  hello: (ingredients: Ingredients) => Hello,
  named = true,
): Promise<{ readonly seen: Probed<HelloSeen>; readonly end: VisitEnd }> {
  return knocking.hello((serverName) => hello({ random: randomBytes(32), serverName }), named);
}

/** What stands beside an answer, where there is one. */
export function beside<Also extends object>(
  seen: Probed<HelloSeen>,
  also: Also,
): NotTested | ({ readonly kind: 'seen' } & Also & HelloSeen) {
  return seen.kind === 'seen' ? { ...also, ...seen } : seen;
}

/** Suites of broken kinds, without those that are known to be there. */
export function weakHello(base: Visit): Question {
  return {
    async ask(knocking, probes) {
      const terms = nextWeak(base, probes) ?? { without: [], version: TLS_1_2 };
      const { seen, end } = await say(knocking, (ingredients) =>
        weakQuestion(ingredients, terms.without, terms.version),
      );
      return { probes: { hello: { weak: [...(probes.hello?.weak ?? []), beside(seen, terms)] } }, end };
    },
    unasked: (why, { hello }) => ({ hello: { weak: [...(hello?.weak ?? []).filter(isWord), why] } }),
    isOpen: (probes) => !isNewOnly(probes) && nextWeak(base, probes) !== undefined,
    isExtra: true,
  };
}

/** Whether something was said to it. */
function isWord(asked: Probed<HelloSeen>): boolean {
  return asked.kind === 'seen' && !(asked.result === 'refused' && asked.alert === null);
}

/** As long as one is taken, without what is of kinds that were; then in the lowest version, where not all kinds go with TLS 1.2. */
function nextWeak(
  base: Visit,
  probes: Probes,
): { without: readonly BrokenClass[]; version: number } | undefined {
  const known = brokenKinds(base, probes);
  if (known.length === brokenClasses.length) return undefined;
  const without = known.flatMap(({ kind, taken }) => (taken === null ? [] : [kind]));
  const last = probes.hello?.weak?.at(-1);
  if (last === undefined)
    return { without, version: Math.min(weakestOf(probes)?.version ?? TLS_1_2, TLS_1_2) };
  if (last.kind !== 'seen') return undefined;
  const { version = TLS_1_2 } = last;
  if (last.result === 'agreed') return { without, version };
  // An answer that was no answer will not become one.
  if (last.result !== 'refused') return undefined;
  const lowest = lowestVersion(probes);
  return lowest !== undefined && lowest < version ? { without, version: lowest } : undefined;
}

/**
 * TLS 1.3 and 1.2, small. Of TLS 1.2 it offers what the first connection left open, so that a refusal tells: suites with what the one
 * that was agreed on lacks, forward secrecy, AEAD, or either; and where that came to nothing, what TLS 1.2 alone came to.
 */
function retryHello(base: Visit): Question {
  return {
    async ask(knocking, probes) {
      const older = suitesLeftOpen(base, probes);
      const { seen, end } = await say(knocking, (ingredients) =>
        retryQuestion(ingredients, undefined, older),
      );
      return { probes: { hello: { retry: seen } }, end };
    },
    unasked: (retry) => ({ hello: { retry } }),
    isSmaller: true,
    isOpen: (probes) =>
      !isOld(base) && !isStrongSuite(codeOfSession(base.tls)) && !isSilent(weakestAnswer(probes)),
    isExtra: true,
    ...(base.tls?.version === 'TLSv1.3' ? { isSure: true } : {}),
  };
}

function suitesLeftOpen({ tls }: Visit, { upToTls12 }: Probes): readonly number[] {
  const code = codeOfSession(tls);
  if (code !== undefined) {
    const [lacksSecrecy, lacksAead] = [!isForwardSecret(code), !isAead(code)];
    return soundUpTo12.filter(
      (suite) => (lacksSecrecy && isForwardSecret(suite)) || (lacksAead && isAead(suite)),
    );
  }
  const taken = tls === null ? codeOfSession(sessionOf(upToTls12)) : undefined;
  if (taken === undefined || forwardSecretUpTo12.includes(taken)) return forwardSecretUpTo12;
  return [...forwardSecretUpTo12, taken];
}

/** What the first hello had that smaller ones have not. */
const LARGE_OCTETS = 2_048;

/** Where the usual hello has no answer and a smaller one has: the same once more, but for its size. */
function largeHello(base: Visit): Question {
  return {
    async ask(knocking, probes) {
      const older = suitesLeftOpen(base, probes);
      const { seen, end } = await say(knocking, (ingredients) =>
        largeQuestion(ingredients, LARGE_OCTETS, older),
      );
      return { probes: { hello: { large: beside(seen, { octets: LARGE_OCTETS }) } }, end };
    },
    unasked: (large) => ({ hello: { large } }),
    isSmaller: true,
    isOpen: ({ hello }) => base.tls === null && hello?.large === undefined && isAnswered(hello?.retry),
    isExtra: true,
  };
}

function isAnswered(probe: Probed<HelloSeen> | undefined): boolean {
  return probe?.kind === 'seen' && (probe.result === 'retry' || probe.result === 'agreed');
}

/** Whether it is known what clients without SNI get: a nameless hello has shown a certificate, or only the name made it do. */
export function isKnownWithoutName(probes: Probes): boolean {
  return (agreedTo(probes.hello?.weakFirst)?.chain.length ?? 0) > 0 || isNameNeeded(probes);
}

/**
 * Whether it is known what clients of TLS 1.2 get, or another hello of our own tells. A server that has let the first hello hang,
 * and a small one as well, would let another one hang, too.
 */
export function isKnownUpTo12(base: Visit, probes: Probes): boolean {
  if (base.tls === null) return isSilent(weakestAnswer(probes));
  return weakestOf(probes)?.version === TLS_1_2 || isNewOnly(probes);
}

/** Whether the server has left a hello without an answer. */
function isSilent(probe: Probed<HelloSeen> | undefined): boolean {
  return probe?.kind === 'not-tested' && probe.end.kind === 'timeout' && probe.end.at === 'handshake';
}
