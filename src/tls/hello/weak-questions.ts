/** Hellos that offer nothing but what should not be had: a server that takes one has it, and one that refuses has none of it. */
import { baseOffer, type Ingredients, offerUpTo, weakestUpTo12 } from './offers.ts';
import type { Question } from './questions.ts';
import { type CipherSuite, type SuiteClass, suites } from './suites.ts';
import { TLS_1_2 } from './versions.ts';

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

/** Of RSA, ECDSA and DSA with SHA-1, then with MD5: RFC 9155 §2. */
export const weakSchemes: readonly number[] = [0x0201, 0x0203, 0x0202, 0x0101, 0x0103, 0x0102];

/** Asked for at every judgement, some hundred times: read once from the names of all suites. */
const kindsOfSuites: ReadonlyMap<number, readonly BrokenClass[]> = new Map(
  [...suites.values()].map(({ code, classes }) => [code, brokenClasses.filter((name) => classes.has(name))]),
);

/** The broken kinds that a suite is of. */
export function brokenKindsOf(code: number): readonly BrokenClass[] {
  return kindsOfSuites.get(code) ?? [];
}

/** Of a broken kind, all with a certificate, the weakest first. */
const brokenSuites: readonly CipherSuite[] = weakestUpTo12.flatMap((code) => {
  const suite = suites.get(code);
  const isOne = suite !== undefined && brokenKindsOf(code).length > 0 && !suite.classes.has('anon');
  return isOne ? [suite] : [];
});

/** What a hello with suites of broken kinds only is about. */
export interface WeakTerms {
  /** Kinds that the server was seen to have. */
  readonly without: readonly string[];
  /** The highest version on offer; absent: TLS 1.2, of older recordings, see {@link weakSuites}. */
  readonly version?: number;
}

/**
 * The suites of such a hello, the weakest first, all with a certificate: left out are those of which each kind is known to be there,
 * so that of a kind that is not known yet every suite is on offer. Hellos of older recordings left out what was of any of those kinds.
 */
export function weakSuites({ without, version }: WeakTerms): readonly number[] {
  const isKnown = (kind: BrokenClass): boolean => without.includes(kind);
  return brokenSuites
    .filter(({ code, since }) => {
      const kinds = brokenKindsOf(code);
      return version === undefined ? !kinds.some(isKnown) : since <= version && !kinds.every(isKnown);
    })
    .map(({ code }) => code);
}

/**
 * Only suites of broken kinds, with a certificate, the weakest first.
 *
 * @param without kinds that the server was seen to have; not all of them.
 * @param version the highest on offer: there are servers that have a suite in those versions only that it was made for.
 */
export function weakQuestion(
  ingredients: Ingredients,
  without: readonly BrokenClass[] = [],
  version: number = TLS_1_2,
): Question {
  const offer = offerUpTo(ingredients, version);
  return { offer: { ...offer, suites: weakSuites({ without, version }) }, until: 'version' };
}

/**
 * Only curves that are too short, in TLS 1.2.
 *
 * @param ofCertificate the curve of the server's key, which stands last: a server uses no certificate whose curve is not on offer
 *   (RFC 8422 §5.1), whatever it would take for the key exchange. undefined: it has another kind of key.
 */
export function weakCurvesQuestion(ingredients: Ingredients, ofCertificate?: number): Question {
  const offer = baseOffer(ingredients);
  const ofCurves = offer.suites.filter((code) => exchangeOf(code) === 'ECDHE');
  const isMissing = ofCertificate !== undefined && !weakCurves.includes(ofCertificate);
  const groups = isMissing ? [...weakCurves, ofCertificate] : weakCurves;
  return { offer: { ...offer, suites: ofCurves, groups }, until: 'key-exchange' };
}

/**
 * Only signatures with SHA-1 and MD5, in TLS 1.2, and only suites in which the server signs. In the chain all are welcome, which
 * servers that look at signature_algorithms for it would not know else (RFC 5246 §7.4.2, RFC 8446 §4.2.3).
 */
export function sha1Question(ingredients: Ingredients): Question {
  const offer = baseOffer(ingredients);
  const signing = offer.suites.filter((code) => exchangeOf(code)?.endsWith('DHE') === true);
  return {
    offer: {
      ...offer,
      suites: signing,
      signatureSchemes: weakSchemes,
      certificateSchemes: offer.signatureSchemes,
    },
    until: 'key-exchange',
  };
}

function exchangeOf(code: number): CipherSuite['keyExchange'] | undefined {
  const suite = suites.get(code);
  return suite?.authentication === 'anon' ? undefined : suite?.keyExchange;
}
