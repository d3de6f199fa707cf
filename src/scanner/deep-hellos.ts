/** The hellos of our own of depth deep, and what leaves each of them open. */
import { randomBytes } from 'node:crypto';
import { agreedTo, oldSessions, saysNewOnly, weakestOf } from '../findings/hello-facts.ts';
import type { Probes, Visit } from '../findings/observation.ts';
import { curveNumber } from '../tls/hello/groups.ts';
import {
  classQuestion,
  fallbackQuestion,
  legacyQuestion,
  primeQuestion,
  sslv2Question,
} from '../tls/hello/questions.ts';
import { SSL_3, TLS_1_0, TLS_1_2 } from '../tls/hello/versions.ts';
import { sha1Question, weakCurves, weakCurvesQuestion, weakSchemes } from '../tls/hello/weak-questions.ts';
import { parseCertificate, publicKeyOf } from '../tls/openssl.ts';
import { beside, bestFirst, isOld, question, say, weakHello } from './hello-questions.ts';
import type { Question } from './probes.ts';

/** What is asked at depth deep, while there are connections left: the worse what may come of it the sooner. */
export function deepHellos(base: Visit): readonly Question[] {
  return [
    weakHello(base),
    question({ name: 'ssl2', hello: () => sslv2Question(randomBytes(16)), isExtra: true }),
    ssl3,
    question({ name: 'prime', hello: primeQuestion, isOpen: mayHavePrime, isExtra: true }),
    older,
    oldAfterAll(base),
    weakHello(base),
    question({ name: 'sha1', hello: sha1Question, isOpen: mayTakeSha1, isExtra: true }),
    weakCurvesHello(base),
    question({
      name: 'anonymous',
      hello: (ingredients) => classQuestion(ingredients, 'anon'),
      // Only these were not among all suites that were refused before.
      isOpen: (probes) => !saysNewOnly(probes),
      isExtra: true,
    }),
    fallbackHello(base),
    { ...bestFirst(base), isExtra: true },
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
function oldAfterAll(base: Visit): Question {
  return question({
    name: 'old',
    hello: (ingredients) => legacyQuestion(ingredients),
    isOpen: (probes) => probes.hello?.old === undefined && !isOld(base) && oldSessions(probes).length === 0,
    isExtra: true,
  });
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

/** A server that has a key of RSA as well can do with short curves only; one that has no other key needs the curve of that. */
function weakCurvesHello(base: Visit): Question {
  return {
    async ask(knocking, { otherKey }) {
      const isRsaThere = otherKey?.kind === 'seen' && otherKey.result === 'secured' && otherKey.key === 'rsa';
      const curve = isRsaThere ? undefined : curveOf(base);
      const { seen, end } = await say(knocking, (ingredients) => weakCurvesQuestion(ingredients, curve));
      return { probes: { hello: { weakCurves: seen } }, end };
    },
    unasked: (why) => ({ hello: { weakCurves: why } }),
    isOpen: mayHaveCurves,
    isExtra: true,
  };
}

/** The number of the curve of the key in the certificate; undefined where that is of another kind. */
function curveOf({ tls }: Visit): number | undefined {
  const [leaf] = tls?.chain ?? [];
  const certificate = leaf === undefined ? undefined : parseCertificate(leaf);
  const name = certificate && publicKeyOf(certificate)?.asymmetricKeyDetails?.namedCurve;
  return name === undefined ? undefined : curveNumber(name);
}

function mayHavePrime(probes: Probes): boolean {
  const session = weakestOf(probes);
  return session !== undefined && session.prime === null;
}

function mayTakeSha1(probes: Probes): boolean {
  const session = weakestOf(probes);
  if (session === undefined || session.version < TLS_1_2) return false;
  return session.signatureScheme === null || !weakSchemes.includes(session.signatureScheme);
}

function mayHaveCurves(probes: Probes): boolean {
  const session = weakestOf(probes);
  return session !== undefined && (session.group === null || !weakCurves.includes(session.group));
}
