/**
 * The hellos of a check, ready to be sent: what each of them is for, and how far the answer has to be read.
 *
 * None of them can end in a session, as nobody has keys for them: whoever asks hangs up as soon as it knows.
 */
import { type ClientHelloSpec, clientHello } from './client-hello.ts';
import { groups } from './groups.ts';
import type { FlightQuestion } from './server-flight.ts';
import { type SignatureScheme, signatureSchemes } from './signature-schemes.ts';
import { type Sslv2HelloSpec, sslv2CipherKinds, sslv2Hello } from './sslv2-hello.ts';
import { type CipherSuite, type SuiteClass, suites } from './suites.ts';
import { SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 } from './versions.ts';

export interface Question {
  readonly offer: ClientHelloSpec | Sslv2HelloSpec;
  readonly until: FlightQuestion;
}

/** What a hello needs that is no question. */
export interface Ingredients {
  /** 32 octets, of chance. */
  readonly random: Uint8Array;
  /** SNI; null: without. */
  readonly serverName: string | null;
}

/** The octets of a question. */
export function helloOctets({ offer }: Question): Uint8Array {
  return offer.kind === 'tls' ? clientHello(offer) : sslv2Hello(offer);
}

/** Record and all: what hangs at hellos of 256 to 511 octets, as RFC 7685 §1 tells of, gets none of them. */
const USUAL_SIZE = 5 + 512;

const X25519MLKEM768 = 0x11ec;
const X25519 = 0x001d;
const SECP256R1 = 0x0017;
/** The post-quantum ones first, then what servers have, the most usual first. */
const groupsOfToday: readonly number[] = [
  X25519MLKEM768,
  0x11eb,
  0x11ed,
  0x6399,
  0x639a,
  X25519,
  SECP256R1,
  0x0018,
  0x0019,
  0x001e,
  0x001f,
  0x0020,
  0x0021,
  0x0100,
  0x0101,
  0x0102,
  0x0103,
  0x0104,
];

/** In TLS 1.2 and older the order of the numbers is nearly one of strength, the weakest first. */
const curvesOfTls12: readonly number[] = [...groups.values()]
  .filter(({ code, kind }) => kind === 'finite-field' || (kind === 'curve' && code <= 0x001e))
  .map(({ code }) => code);

const all: readonly CipherSuite[] = [...suites.values()];
/** What can be agreed on with a server of mail: no shared secrets, no cards, nothing that must not be agreed on at all. */
const open: readonly CipherSuite[] = all.filter(
  ({ code, classes, authentication }) => code !== 0 && !classes.has('secret') && authentication !== 'KEA',
);

/** Weakest first: classes in this order, then by bits. */
const weakness: readonly SuiteClass[] = [
  'null',
  'anon',
  'export',
  'des',
  'rc2',
  'rc4',
  'idea',
  '3des',
  'seed',
  'gost',
];

function rank({ classes, mode }: CipherSuite): number {
  const found = weakness.findIndex((name) => classes.has(name));
  if (found >= 0) return found;
  const byMode = mode === 'CBC' ? 0 : mode === 'CCM_8' ? 1 : 2;
  return weakness.length + (classes.has('no-fs') ? 0 : 3) + byMode;
}

const weakestFirst: readonly CipherSuite[] = open.toSorted(
  (one, other) => rank(one) - rank(other) || one.bits - other.bits,
);

/** Longer lists are not for every server. */
const MOST_SUITES = 128;

/** Suites of that version (TLS 1.2 or older) that servers were seen with, the weakest first. */
function suitesUpTo(version: number): readonly number[] {
  return codes(weakestFirst.filter((suite) => suite.since <= version && isUsual(suite)));
}

/**
 * That keeps a list within {@link MOST_SUITES}: certificates with keys of DSA or Diffie-Hellman were hardly ever issued, ARIA with
 * CBC is in no library of servers, and GOST R 34.10-94 and the suites of SSL 3.0 only are gone.
 */
function isUsual({ name, authentication, keyExchange, until }: CipherSuite): boolean {
  const isGone =
    authentication === 'DSS' || keyExchange === 'DH' || keyExchange === 'ECDH' || until === SSL_3;
  return !isGone && !/_ARIA_\d+_CBC|GOSTR341094/.test(name);
}

/** Of TLS 1.2, with keys of their own for each session, the best first. */
const strong: readonly number[] = codes(
  weakestFirst.filter(
    (suite) => isUsual(suite) && suite.since <= TLS_1_2 && rank(suite) > weakness.length + 2,
  ),
).toReversed();

function codes(list: readonly CipherSuite[]): readonly number[] {
  return list.map(({ code }) => code);
}

const everySuite: readonly number[] = suitesUpTo(TLS_1_2).toReversed();

function schemesOf(...keys: readonly SignatureScheme['key'][]): readonly number[] {
  return [...signatureSchemes.values()].filter(({ key }) => keys.includes(key)).map(({ code }) => code);
}

function base({ random, serverName }: Ingredients): ClientHelloSpec {
  return {
    kind: 'tls',
    recordVersion: TLS_1_0,
    legacyVersion: TLS_1_2,
    supportedVersions: null,
    random,
    sessionId: new Uint8Array(),
    suites: everySuite,
    compression: [0],
    serverName,
    groups: curvesOfTls12.toReversed(),
    keyShares: null,
    signatureSchemes: [...signatureSchemes.keys()].toReversed(),
    extendedMasterSecret: true,
    encryptThenMac: true,
    renegotiation: 'extension',
    fallback: false,
    alpn: null,
    statusRequest: false,
    grease: null,
    size: USUAL_SIZE,
  };
}

function offerOfTls13(ingredients: Ingredients): ClientHelloSpec {
  return {
    ...base(ingredients),
    supportedVersions: [TLS_1_3],
    suites: codes(open.filter(({ since }) => since === TLS_1_3)),
    groups: groupsOfToday,
    keyShares: [],
  };
}

function offerUpTo(ingredients: Ingredients, version: number): ClientHelloSpec {
  const offer = base(ingredients);
  if (version === TLS_1_2) return offer;
  const old = {
    ...offer,
    legacyVersion: version,
    suites: suitesUpTo(version).toReversed(),
    signatureSchemes: null,
  };
  if (version !== SSL_3) return old;
  const bare = {
    serverName: null,
    groups: null,
    extendedMasterSecret: false,
    encryptThenMac: false,
    size: null,
  };
  return { ...old, ...bare, recordVersion: SSL_3, renegotiation: 'scsv' };
}

/** TLS 1.3 without a key share, and TLS 1.2: the server names the group that it wants, post-quantum or not (RFC 8446 §4.1.4). */
export function retryQuestion(ingredients: Ingredients, wanted: readonly number[] = groupsOfToday): Question {
  return { offer: offerOfToday(ingredients, wanted), until: 'version' };
}

function offerOfToday(ingredients: Ingredients, wanted: readonly number[]): ClientHelloSpec {
  const offer = offerOfTls13(ingredients);
  return {
    ...offer,
    supportedVersions: [TLS_1_3, TLS_1_2],
    suites: [...offer.suites, ...strong],
    groups: wanted,
  };
}

/**
 * TLS 1.2 with all suites, groups and signatures, the weakest first, and compression: a server that follows the client takes the
 * worst that it has, and any server shows its certificate, its order and what it knows of EMS and secure renegotiation.
 */
export function weakFirstQuestion(ingredients: Ingredients): Question {
  return {
    offer: {
      ...base(ingredients),
      suites: suitesUpTo(TLS_1_2),
      compression: [1, 0],
      groups: curvesOfTls12,
      signatureSchemes: [...signatureSchemes.keys()],
    },
    until: 'everything',
  };
}

/** An old client: TLS 1.1, TLS 1.0 or SSL 3.0 at most. SSL 3.0 has no extensions, hence no SNI. */
export function legacyQuestion(ingredients: Ingredients, version: number = TLS_1_1): Question {
  return { offer: offerUpTo(ingredients, version), until: 'everything' };
}

/** Only suites and signatures of that kind of key: a server with certificates of both kinds shows the one it did not show yet. */
export function keyQuestion(ingredients: Ingredients, key: 'rsa' | 'ecdsa'): Question {
  const authentication = key === 'rsa' ? 'RSA' : 'ECDSA';
  const offer = base(ingredients);
  return {
    offer: {
      ...offer,
      suites: offer.suites.filter((code) => suites.get(code)?.authentication === authentication),
      signatureSchemes: (key === 'rsa'
        ? schemesOf('rsa', 'rsa-pss')
        : schemesOf('ecdsa', 'eddsa')
      ).toReversed(),
    },
    until: 'certificates',
  };
}

/** Only suites of a class, in TLS 1.2 (which old servers take for what they have): whether the server has any of them. */
export function classQuestion(ingredients: Ingredients, wanted: SuiteClass): Question {
  const ofClass = open.filter(({ classes, since }) => classes.has(wanted) && since < TLS_1_3);
  return { offer: { ...base(ingredients), suites: codes(ofClass) }, until: 'version' };
}

/**
 * A hello as clients with post-quantum keys send it: larger than a segment, with a share of 1216 octets, filled up to `size` octets.
 * The half of ML-KEM is zeros, which is a key like any other; the half of X25519 is of chance.
 */
export function largeQuestion(ingredients: Ingredients, size = 2048): Question {
  const offer = offerOfToday(ingredients, [X25519MLKEM768, X25519, SECP256R1]);
  const key = new Uint8Array(1216);
  key.set(ingredients.random, key.length - 32);
  return {
    offer: { ...offer, keyShares: [{ group: X25519MLKEM768, key }], size },
    until: 'version',
  };
}

/** A client that says it could do better: a server that can, too, has to refuse (RFC 7507 §3). */
export function fallbackQuestion(ingredients: Ingredients, version: number = TLS_1_1): Question {
  return { offer: { ...offerUpTo(ingredients, version), fallback: true }, until: 'version' };
}

/** DEFLATE before none (RFC 3749 §2). */
export function compressionQuestion(ingredients: Ingredients): Question {
  return { offer: { ...base(ingredients), compression: [1, 0] }, until: 'version' };
}

/** @param challenge 16 octets, of chance. */
export function sslv2Question(challenge: Uint8Array): Question {
  const cipherKinds = Object.keys(sslv2CipherKinds).map(Number);
  return { offer: { kind: 'sslv2', version: SSL_2, cipherKinds, challenge }, until: 'version' };
}

/**
 * Suites of a version that are not settled yet, up to 128 of them: asked until there are none, it lists all that a server has.
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
  const ofVersion = open.filter(({ since }) => (isNew ? since === TLS_1_3 : since <= version));
  const remaining = codes(ofVersion.filter(({ code }) => !settled.has(code)));
  if (remaining.length === 0) return undefined;
  const offer = isNew ? offerOfTls13(ingredients) : offerUpTo(ingredients, version);
  return { offer: { ...offer, suites: remaining.slice(0, MOST_SUITES) }, until: 'version' };
}
