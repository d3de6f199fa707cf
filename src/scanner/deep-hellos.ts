/** The hellos of our own of depth deep, and what leaves each of them open. */
import { randomBytes } from 'node:crypto';
import {
  agreedTo,
  isStrongAnyway,
  oldSessions,
  orderOf,
  saysNewOnly,
  weakestOf,
} from '../findings/hello-facts.ts';
import type { HelloSeen } from '../findings/hello-seen.ts';
import type { Probed, Probes, Visit } from '../findings/observation.ts';
import type { Ingredients } from '../tls/hello/offers.ts';
import {
  classQuestion,
  fallbackQuestion,
  type Question as Hello,
  largeQuestion,
  legacyQuestion,
  primeQuestion,
  sslv2Question,
} from '../tls/hello/questions.ts';
import { SSL_3, TLS_1_0, TLS_1_2 } from '../tls/hello/versions.ts';
import { sha1Question, sha1Schemes, weakCurves, weakCurvesQuestion } from '../tls/hello/weak-questions.ts';
import { beside, isOld, question, say, weakHello } from './hello-questions.ts';
import type { Question } from './probes.ts';

/** What is asked at depth deep, while there are connections left: the worse what may come of it the sooner. */
export function deepHellos(base: Visit): readonly Question[] {
  return [
    largeHello(base),
    weakHello(base),
    question({ name: 'ssl2', hello: () => sslv2Question(randomBytes(16)), isExtra: true }),
    ssl3,
    question({ name: 'prime', hello: primeQuestion, isOpen: mayHavePrime, isExtra: true }),
    older,
    old(base),
    weakHello(base),
    question({ name: 'sha1', hello: sha1Question, isOpen: mayTakeSha1, isExtra: true }),
    question({ name: 'weakCurves', hello: weakCurvesQuestion, isOpen: mayHaveCurves, isExtra: true }),
    question({
      name: 'anonymous',
      hello: (ingredients) => classQuestion(ingredients, 'anon'),
      // Only these were not among all suites that were refused before.
      isOpen: (probes) => !saysNewOnly(probes),
      isExtra: true,
    }),
    fallbackHello(base),
    bestFirst(base),
    weakHello(base),
  ];
}

/*
 * Each version by itself, also where newer ones were refused: there are servers that refuse a hello of a version that they lack, and
 * have an older one all the same (GnuTLS).
 */

const ssl3 = question({
  name: 'ssl3',
  hello: (ingredients) => legacyQuestion(ingredients, SSL_3),
  isOpen: (probes) => oldSessions(probes).every(({ version }) => version > SSL_3),
  isExtra: true,
});

const older = question({
  name: 'older',
  hello: (ingredients) => legacyQuestion(ingredients, TLS_1_0),
  isOpen: (probes) =>
    oldSessions(probes).every(({ version }) => version !== TLS_1_0) &&
    agreedTo(probes.hello?.old)?.version !== SSL_3,
  isExtra: true,
});

/** TLS 1.1, where that was not asked for as nothing below TLS 1.3 was to be expected. */
function old(base: Visit): Question {
  return question({
    name: 'old',
    hello: (ingredients) => legacyQuestion(ingredients),
    isOpen: (probes) => probes.hello?.old === undefined && !isOld(base) && oldSessions(probes).length === 0,
    isExtra: true,
  });
}

/** With SNI where the weakest first had it: whose order counts is told from two that differ in nothing else. */
function bestFirst(base: Visit): Question {
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
      weakestOf(probes) !== undefined && !isStrongAnyway(probes) && orderOf(base, probes) === undefined,
    isExtra: true,
  };
}

/** RFC 7507 §3: only below the best version of the server, in one that it has. */
function fallbackHello(base: Visit): Question {
  const versionOf = (probes: Probes): number | undefined => {
    const old = oldSessions(probes)[0]?.version;
    if (base.tls?.version !== 'TLSv1.2' && base.tls?.version !== 'TLSv1.3') return undefined;
    if (old !== undefined && old > SSL_3) return old;
    const isBelow = base.tls.version === 'TLSv1.3' && weakestOf(probes)?.version === TLS_1_2;
    return isBelow ? TLS_1_2 : undefined;
  };
  return {
    async ask(knocking, probes) {
      const version = versionOf(probes) ?? TLS_1_2;
      const { seen, end } = await say(knocking, (ingredients) => fallbackQuestion(ingredients, version));
      return { probes: { hello: { fallback: beside(seen, { version }) } }, end };
    },
    unasked: (fallback) => ({ hello: { fallback } }),
    isOpen: (probes) => versionOf(probes) !== undefined,
    isExtra: true,
  };
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
    isOpen: ({ hello }) => base.tls === null && isAnswered(hello?.retry),
    isExtra: true,
  };
}

function isAnswered(probe: Probed<HelloSeen> | undefined): boolean {
  return probe?.kind === 'seen' && (probe.result === 'retry' || probe.result === 'agreed');
}

function mayHavePrime(probes: Probes): boolean {
  const session = weakestOf(probes);
  return session !== undefined && session.prime === null;
}

function mayTakeSha1(probes: Probes): boolean {
  const session = weakestOf(probes);
  if (session === undefined || session.version < TLS_1_2) return false;
  return session.signatureScheme === null || !sha1Schemes.includes(session.signatureScheme);
}

function mayHaveCurves(probes: Probes): boolean {
  const session = weakestOf(probes);
  return session !== undefined && (session.group === null || !weakCurves.includes(session.group));
}
