/** The hellos of our own of depth deep, and what leaves each of them open. */
import { randomBytes } from 'node:crypto';
import {
  isNewOnly,
  isRefused,
  isStrongAnyway,
  oldSessions,
  orderOf,
  saysNewOnly,
  weakestOf,
} from '../findings/hello-facts.ts';
import type { HelloSeen } from '../findings/hello-seen.ts';
import type { Probed, Probes, Visit } from '../findings/observation.ts';
import {
  classQuestion,
  fallbackQuestion,
  largeQuestion,
  legacyQuestion,
  primeQuestion,
  sslv2Question,
} from '../tls/hello/questions.ts';
import { SSL_3, TLS_1_0, TLS_1_1, TLS_1_2 } from '../tls/hello/versions.ts';
import { sha1Question, sha1Schemes, weakCurves, weakCurvesQuestion } from '../tls/hello/weak-questions.ts';
import { beside, question, say, weakHello } from './hello-questions.ts';
import type { Question } from './probes.ts';

/** What is asked at depth deep, while there are connections left: the worse what may come of it the sooner. */
export function deepHellos(base: Visit): readonly Question[] {
  const hasOld = (probes: Probes): boolean => !isNewOnly(probes);
  return [
    largeHello(base),
    weakHello(base),
    question({ name: 'ssl2', hello: () => sslv2Question(randomBytes(16)), isExtra: true }),
    question({
      name: 'ssl3',
      hello: (ingredients) => legacyQuestion(ingredients, SSL_3),
      // A server that has nothing else would have answered the hello of TLS 1.1 at most with it.
      isOpen: (probes) =>
        hasOld(probes) &&
        !isRefused(probes.hello?.old) &&
        oldSessions(probes).every(({ version }) => version > SSL_3),
      isExtra: true,
    }),
    question({ name: 'prime', hello: primeQuestion, isOpen: mayHavePrime, isExtra: true }),
    question({
      name: 'older',
      hello: (ingredients) => legacyQuestion(ingredients, TLS_1_0),
      isOpen: (probes) => oldSessions(probes).some(({ version }) => version === TLS_1_1),
      isExtra: true,
    }),
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
    question({
      name: 'bestFirst',
      hello: (ingredients) => ({ ...legacyQuestion(ingredients, TLS_1_2), until: 'version' }),
      isOpen: (probes) =>
        weakestOf(probes) !== undefined && !isStrongAnyway(probes) && orderOf(base, probes) === undefined,
      isExtra: true,
    }),
    weakHello(base),
  ];
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
    unasked: () => ({}),
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
    unasked: () => ({}),
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
