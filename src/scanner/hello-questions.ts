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
  isRefused,
  isStrongAnyway,
  isStrongSuite,
  oldSessions,
  sessionOf,
} from '../findings/hello-facts.ts';
import type { HelloProbes, HelloSeen } from '../findings/hello-seen.ts';
import type { Probed, Probes, Visit, VisitEnd } from '../findings/observation.ts';
import { forwardSecretUpTo12, type Ingredients, soundUpTo12 } from '../tls/hello/offers.ts';
import {
  type Question as Hello,
  largeQuestion,
  legacyQuestion,
  retryQuestion,
  weakFirstQuestion,
} from '../tls/hello/questions.ts';
import { brokenClasses, weakQuestion } from '../tls/hello/weak-questions.ts';
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
}

/** A server that takes anonymous suites from whoever offers them would hide its certificate behind one. */
function weakestFirst(ingredients: Ingredients): Hello {
  return weakFirstQuestion(ingredients, ['anon']);
}

/** RFC 6066 §3: unrecognized_name. */
const UNRECOGNIZED_NAME = 112;

/** Asked at every depth but quick, where what was answered before leaves them open. */
export function usualHellos(base: Visit): {
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
    }),
    weakNamed: weakNamed(({ hello }) => {
      const refused = hello?.weakFirst;
      return refused?.kind === 'seen' && refused.result === 'refused' && refused.alert === UNRECOGNIZED_NAME;
    }),
    old: question({
      name: 'old',
      hello: (ingredients) => legacyQuestion(ingredients),
      isOpen: (probes) => !isOld(base) && !isNewOnly(probes) && oldSessions(probes).length === 0,
    }),
  };
}

/** The weakest first once more, with SNI. */
function weakNamed(isWorth: (probes: Probes) => boolean): Question {
  return question({
    name: 'weakNamed',
    hello: weakestFirst,
    isOpen: (probes) => probes.hello?.weakNamed === undefined && isWorth(probes),
  });
}

/** Whether the server has nothing better than TLS 1.1. */
function isOld({ tls }: Visit): boolean {
  return tls !== null && tls.version !== 'TLSv1.2' && tls.version !== 'TLSv1.3';
}

/**
 * Where there is a connection left: what is worth one at any depth.
 *
 * @param hasName whether there is a name for SNI.
 */
export function furtherHellos(base: Visit, hasName: boolean): readonly Question[] {
  return [
    {
      ...weakNamed((probes) => hasName && isRefused(probes.hello?.weakFirst) && !isNewOnly(probes)),
      isExtra: true,
    },
    retryHello(base),
    largeHello(base),
    weakHello(base),
  ];
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
  const open = (probes: Probes): (typeof brokenClasses)[number][] => {
    const known = brokenKinds(base, probes);
    return brokenClasses.filter((kind) => !known.some((one) => one.kind === kind));
  };
  return {
    async ask(knocking, probes) {
      const without = brokenKinds(base, probes).flatMap(({ kind, taken }) => (taken === null ? [] : [kind]));
      const before = probes.hello?.weak ?? [];
      const { seen, end } = await say(knocking, (ingredients) => weakQuestion(ingredients, without));
      return { probes: { hello: { weak: [...before, beside(seen, { without })] } }, end };
    },
    unasked: () => ({}),
    isOpen: (probes) => !isNewOnly(probes) && open(probes).length > 0 && !isStuck(probes),
    isExtra: true,
  };
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
      !isOld(base) && !isStrongSuite(codeOfSession(base.tls)) && !isSilent(probes.hello?.weakFirst),
    isExtra: true,
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

/** Where the usual hello has no answer and a smaller one has. */
function largeHello(base: Visit): Question {
  return {
    async ask(knocking) {
      const { seen, end } = await say(knocking, (ingredients) => largeQuestion(ingredients, LARGE_OCTETS));
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

/** An answer that was no answer will not become one. */
function isStuck({ hello }: Probes): boolean {
  const last = hello?.weak?.at(-1);
  return last !== undefined && agreedTo(last) === undefined;
}

/** Whether it is known what clients without SNI get: a nameless hello has shown a certificate, or only the name made it do. */
export function isKnownWithoutName(probes: Probes): boolean {
  return (agreedTo(probes.hello?.weakFirst)?.chain.length ?? 0) > 0 || isNameNeeded(probes);
}

/**
 * Whether it is known what clients of TLS 1.2 get that offer the best first. A server that has let the first hello hang, and a
 * small one as well, would let another one hang, too.
 */
export function isKnownUpTo12(base: Visit, probes: Probes): boolean {
  if (base.tls === null) return isSilent(probes.hello?.weakFirst);
  return isStrongAnyway(probes) || isNewOnly(probes);
}

/** Whether the server has left a hello without an answer. */
function isSilent(probe: Probed<HelloSeen> | undefined): boolean {
  return probe?.kind === 'not-tested' && probe.end.kind === 'timeout' && probe.end.at === 'handshake';
}
