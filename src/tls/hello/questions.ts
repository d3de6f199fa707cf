/**
 * The hellos of a check, ready to be sent: what each of them is for, and how far the answer has to be read.
 *
 * None of them can end in a session, as nobody has keys for them: whoever asks hangs up as soon as it knows.
 */
import { type ClientHelloSpec, clientHello } from './client-hello.ts';
import {
  baseOffer,
  codes,
  groupsOfToday,
  type Ingredients,
  isUsual,
  MOST_SUITES,
  offerOfTls13,
  offerOfToday,
  offerUpTo,
  openSuites,
  SECP256R1,
  weakestCurves,
  weakestSchemes,
  weakestUpTo12,
  X25519,
  X25519MLKEM768,
} from './offers.ts';
import type { FlightQuestion } from './server-flight.ts';
import { type Sslv2HelloSpec, sslv2CipherKinds, sslv2Hello } from './sslv2-hello.ts';
import { type CipherSuite, type SuiteClass, suites } from './suites.ts';
import { SSL_2, TLS_1_1, TLS_1_3 } from './versions.ts';

export interface Question {
  readonly offer: ClientHelloSpec | Sslv2HelloSpec;
  readonly until: FlightQuestion;
}

/** The octets of a question. */
export function helloOctets({ offer }: Question): Uint8Array {
  return offer.kind === 'tls' ? clientHello(offer) : sslv2Hello(offer);
}

/**
 * TLS 1.3 without a key share, and TLS 1.2: the server names the group that it wants, post-quantum or not (RFC 8446 §4.1.4).
 *
 * @param older suites of TLS 1.2; by default those with forward secrecy.
 */
export function retryQuestion(
  ingredients: Ingredients,
  wanted: readonly number[] = groupsOfToday,
  older?: readonly number[],
): Question {
  return { offer: offerOfToday(ingredients, wanted, older), until: 'version' };
}

/**
 * TLS 1.2 with all suites, groups and signatures, the weakest first, and compression: a server that follows the client takes the
 * worst that it has, and any server shows its order and what it knows of EMS and secure renegotiation.
 *
 * @param without classes that are left out: those that the server was seen to take, to find what comes next, and `anon`, to
 *   see a certificate. (A Postfix as it comes takes anonymous suites from whoever offers them.)
 */
export function weakFirstQuestion(ingredients: Ingredients, without: readonly SuiteClass[] = []): Question {
  const isLeftOut = isOf(...without);
  return {
    offer: {
      ...baseOffer(ingredients),
      suites: weakestUpTo12.filter((code) => !isLeftOut(code)),
      compression: [1, 0],
      groups: weakestCurves,
      signatureSchemes: weakestSchemes,
    },
    until: 'everything',
  };
}

/** An old client: TLS 1.1, TLS 1.0 or SSL 3.0 at most. SSL 3.0 has no extensions, hence no SNI. */
export function legacyQuestion(ingredients: Ingredients, version: number = TLS_1_1): Question {
  return { offer: offerUpTo(ingredients, version), until: 'everything' };
}

/**
 * Only suites with that kind of key: a server with certificates of both kinds shows the one that it did not show yet. All signatures
 * are offered, as they are for the whole chain (RFC 5246 §7.4.2), and keys of ECDSA are often certified by RSA.
 */
export function keyQuestion(ingredients: Ingredients, key: 'rsa' | 'ecdsa'): Question {
  const authentication = key === 'rsa' ? 'RSA' : 'ECDSA';
  const offer = baseOffer(ingredients);
  const ofKey = offer.suites.filter((code) => suites.get(code)?.authentication === authentication);
  return { offer: { ...offer, suites: ofKey }, until: 'certificates' };
}

/**
 * Only suites of a class, in TLS 1.2 (which old servers take for what they have): whether the server has any of them. Of a class
 * with more than 128, those that servers were seen with.
 */
export function classQuestion(ingredients: Ingredients, wanted: Exclude<SuiteClass, 'secret'>): Question {
  const every = codes(openSuites.filter(({ since }) => since < TLS_1_3)).filter(isOf(wanted));
  const ofClass = every.length <= MOST_SUITES ? every : weakestUpTo12.filter(isOf(wanted));
  return { offer: { ...baseOffer(ingredients), suites: ofClass }, until: 'version' };
}

function isOf(...classes: readonly SuiteClass[]): (code: number) => boolean {
  return (code) => classes.some((name) => suites.get(code)?.classes.has(name) === true);
}

/**
 * A hello as clients with post-quantum keys send it: larger than a segment, with a share of 1216 octets, filled up to `size` octets.
 * The half of ML-KEM is zeros, which is a key like any other; the half of X25519 is of chance.
 *
 * @param older suites of TLS 1.2; by default those with forward secrecy.
 */
export function largeQuestion(ingredients: Ingredients, size = 2048, older?: readonly number[]): Question {
  const offer = offerOfToday(ingredients, [X25519MLKEM768, X25519, SECP256R1], older);
  const key = new Uint8Array(1216);
  key.set(ingredients.random, key.length - 32);
  return {
    offer: { ...offer, keyShares: [{ group: X25519MLKEM768, key }], size },
    until: 'version',
  };
}

/**
 * A client that says it could do better: a server that can, too, has to refuse (RFC 7507 §3).
 *
 * @param version below the best of the server, and one that it has: else its answer is about the version.
 */
export function fallbackQuestion(ingredients: Ingredients, version: number = TLS_1_1): Question {
  return { offer: { ...offerUpTo(ingredients, version), fallback: true }, until: 'version' };
}

/** DEFLATE before none (RFC 3749 §2). */
export function compressionQuestion(ingredients: Ingredients): Question {
  return { offer: { ...baseOffer(ingredients), compression: [1, 0] }, until: 'version' };
}

/** @param challenge 16 octets, of chance. */
export function sslv2Question(challenge: Uint8Array): Question {
  const cipherKinds = Object.keys(sslv2CipherKinds).map(Number);
  return { offer: { kind: 'sslv2', version: SSL_2, cipherKinds, challenge }, until: 'version' };
}

/** Only suites with long primes: the server shows the one that it has (RFC 5246 §7.4.3), and whether it has one at all. */
export function primeQuestion(ingredients: Ingredients): Question {
  const offer = baseOffer(ingredients);
  const ofPrimes = offer.suites.filter((code) => suites.get(code)?.keyExchange === 'DHE');
  return { offer: { ...offer, suites: ofPrimes }, until: 'key-exchange' };
}

/**
 * Suites of a version that are not settled yet, up to 128 of one key exchange: asked until there are none, it lists all that a
 * server has. One key exchange at a time, as a server that breaks off at one has the others all the same.
 *
 * @param version TLS 1.3, or the highest of the older ones.
 * @param settled those that the server has taken; where it took none of a question, all of that question.
 * @returns undefined where all are settled.
 */
export function remainingQuestion(
  ingredients: Ingredients,
  version: number,
  settled: ReadonlySet<number>,
): Question | undefined {
  const isNew = version === TLS_1_3;
  const ofVersion = openSuites.filter(({ since }) => (isNew ? since === TLS_1_3 : since <= version));
  const remaining = ofVersion.filter(({ code }) => !settled.has(code));
  const [first] = remaining;
  if (first === undefined) return undefined;
  const alike = remaining.filter((suite) => exchangeOf(suite) === exchangeOf(first));
  const offer = isNew ? offerOfTls13(ingredients) : offerUpTo(ingredients, version);
  return { offer: { ...offer, suites: codes(alike).slice(0, MOST_SUITES) }, until: 'version' };
}

/** Those that hardly any server has are asked for together. */
function exchangeOf(suite: CipherSuite): string {
  return isUsual(suite) ? `${suite.keyExchange} ${suite.authentication}` : 'rare';
}
