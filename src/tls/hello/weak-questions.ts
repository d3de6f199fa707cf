/** Hellos that offer nothing but what should not be had: a server that takes one has it, and one that refuses has none of it. */
import { baseOffer, type Ingredients, weakestUpTo12 } from './offers.ts';
import type { Question } from './questions.ts';
import { type CipherSuite, type SuiteClass, suites } from './suites.ts';

/** Kinds of suites that are broken, the weakest first: RFC 9325 §4.1, RFC 7465 §2, RFC 5469 §4. */
export const brokenClasses = [
  'null',
  'export',
  'des',
  'rc2',
  'rc4',
  'idea',
  '3des',
] as const satisfies readonly SuiteClass[];
export type BrokenClass = (typeof brokenClasses)[number];

/** Curves of less than 224 bits, which RFC 8422 §5.1.1 has done away with. */
export const weakCurves: readonly number[] = [1, 2, 3, 4, 5, 15, 16, 17, 18, 19];

/** rsa_pkcs1_sha1, ecdsa_sha1, dsa_sha1: RFC 9155 §2. */
export const sha1Schemes: readonly number[] = [0x0201, 0x0203, 0x0202];

/** The broken kinds that a suite is of. */
export function brokenKindsOf(code: number): readonly BrokenClass[] {
  return brokenClasses.filter((name) => suites.get(code)?.classes.has(name) === true);
}

/**
 * Only suites of broken kinds, with a certificate, the weakest first.
 *
 * @param without kinds that are left out, as the server was seen to have them; not all of them.
 */
export function weakQuestion(ingredients: Ingredients, without: readonly BrokenClass[] = []): Question {
  const wanted = weakestUpTo12.filter((code) => {
    const kinds = brokenKindsOf(code);
    const isAnonymous = suites.get(code)?.classes.has('anon') === true;
    return !isAnonymous && kinds.length > 0 && !kinds.some((kind) => without.includes(kind));
  });
  return { offer: { ...baseOffer(ingredients), suites: wanted }, until: 'version' };
}

/** Only curves that are too short, in TLS 1.2. */
export function weakCurvesQuestion(ingredients: Ingredients): Question {
  const offer = baseOffer(ingredients);
  const ofCurves = offer.suites.filter((code) => exchangeOf(code) === 'ECDHE');
  return { offer: { ...offer, suites: ofCurves, groups: weakCurves }, until: 'key-exchange' };
}

/** Only signatures with SHA-1, in TLS 1.2, and only suites in which the server signs. */
export function sha1Question(ingredients: Ingredients): Question {
  const offer = baseOffer(ingredients);
  const signing = offer.suites.filter((code) => exchangeOf(code)?.endsWith('DHE') === true);
  return { offer: { ...offer, suites: signing, signatureSchemes: sha1Schemes }, until: 'key-exchange' };
}

function exchangeOf(code: number): CipherSuite['keyExchange'] | undefined {
  const suite = suites.get(code);
  return suite?.authentication === 'anon' ? undefined : suite?.keyExchange;
}
