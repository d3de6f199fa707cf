/** What hellos offer: suites, groups and signatures in the orders that questions need, and the offers they are made of. */
import type { ClientHelloSpec } from './client-hello.ts';
import { groups } from './groups.ts';
import { signatureSchemes } from './signature-schemes.ts';
import { type CipherSuite, type SuiteClass, suites } from './suites.ts';
import { SSL_3, TLS_1_0, TLS_1_2, TLS_1_3 } from './versions.ts';

/** What a hello needs that is no question. */
export interface Ingredients {
  /** 32 octets, of chance. */
  readonly random: Uint8Array;
  /** SNI; null: without. */
  readonly serverName: string | null;
}

/** Record and all: what hangs at hellos of 256 to 511 octets, as RFC 7685 §4 tells of, gets none of them. */
const USUAL_SIZE = 5 + 512;

export const X25519MLKEM768 = 0x11ec;
export const X25519 = 0x001d;
export const SECP256R1 = 0x0017;
/** The post-quantum ones first, then what servers have, the most usual first. */
export const groupsOfToday: readonly number[] = [
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

/**
 * Curves of TLS 1.2 and older, where the order of the numbers is nearly one of strength, the weakest first; no primes, as a server
 * that knows RFC 7919 would take one of them, and not show the one of its own.
 */
export const weakestCurves: readonly number[] = [...groups.values()]
  .filter(({ code, kind }) => kind === 'curve' && code <= 0x001e)
  .map(({ code }) => code);
const usualCurves: readonly number[] = [X25519, SECP256R1];
const bestCurves: readonly number[] = [
  ...usualCurves,
  ...weakestCurves.filter((code) => !usualCurves.includes(code)).toReversed(),
];

const all: readonly CipherSuite[] = [...suites.values()];
/** What can be agreed on with a server of mail: no shared secrets, no cards, nothing that must not be agreed on at all. */
export const openSuites: readonly CipherSuite[] = all.filter(
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

/** Then what has no forward secrecy, and what has it; within these CBC before AEAD. */
function rank({ classes, mode }: CipherSuite): number {
  const found = weakness.findIndex((name) => classes.has(name));
  if (found >= 0) return found;
  const byMode = mode === 'CBC' ? 0 : mode === 'CCM_8' ? 1 : 2;
  return weakness.length + (classes.has('no-fs') ? 0 : 3) + byMode;
}

/**
 * Of equals those with long primes are the last in either order: servers were seen that have suites with them and no prime, and
 * break off where a client wants one. (A Dovecot 2.3 as it comes, with a certificate of RSA.)
 */
function inOrder(direction: 1 | -1): readonly CipherSuite[] {
  const isLong = ({ keyExchange }: CipherSuite): number => (keyExchange === 'DHE' ? 1 : 0);
  return openSuites.toSorted(
    (one, other) =>
      direction * (rank(one) - rank(other)) ||
      isLong(one) - isLong(other) ||
      direction * (one.bits - other.bits),
  );
}

const weakestFirst = inOrder(1);
const bestFirst = inOrder(-1);

/** Longer lists are not for every server. */
export const MOST_SUITES = 128;

/** Suites of that version (TLS 1.2 or older) that servers were seen with, anonymous ones among them, the best first. */
export function usualSuites(version: number): readonly number[] {
  return upTo(version, bestFirst);
}

function upTo(version: number, list: readonly CipherSuite[]): readonly number[] {
  return codes(list.filter((suite) => suite.since <= version && isUsual(suite)));
}

/** Those with a certificate: a server that takes anonymous ones from whoever offers them hides behind them what else it has. */
function certifiedUpTo(version: number): readonly number[] {
  return upTo(
    version,
    bestFirst.filter(({ classes }) => !classes.has('anon')),
  );
}

/**
 * Whether more than a few servers can have it, which keeps lists within {@link MOST_SUITES}: certificates with keys of DSA or
 * Diffie-Hellman were hardly ever issued, hardly any library has ARIA with CBC, and GOST R 34.10-94 and what is for SSL 3.0
 * only are gone.
 */
export function isUsual({ name, authentication, keyExchange, until }: CipherSuite): boolean {
  const isGone =
    authentication === 'DSS' || keyExchange === 'DH' || keyExchange === 'ECDH' || until === SSL_3;
  return !isGone && !/_ARIA_\d+_CBC|GOSTR341094/.test(name);
}

/** Of TLS 1.2, nothing that is broken, the best first: those with keys of their own for each session, then the others. */
export const soundUpTo12: readonly number[] = upTo(
  TLS_1_2,
  bestFirst.filter((suite) => rank(suite) >= weakness.length),
);
/** Only those with keys of their own for each session. */
export const forwardSecretUpTo12: readonly number[] = soundUpTo12.filter(
  (code) => suites.get(code)?.classes.has('no-fs') === false,
);

export function codes(list: readonly CipherSuite[]): readonly number[] {
  return list.map(({ code }) => code);
}

const ofTls13: readonly number[] = codes(openSuites.filter(({ since }) => since === TLS_1_3));
export const weakestUpTo12: readonly number[] = upTo(TLS_1_2, weakestFirst);
const bestUpTo12: readonly number[] = certifiedUpTo(TLS_1_2);

/** By their numbers, the weakest first. */
export const weakestSchemes: readonly number[] = [...signatureSchemes.keys()];
const bestSchemes: readonly number[] = weakestSchemes.toReversed();

export function baseOffer({ random, serverName }: Ingredients): ClientHelloSpec {
  return {
    kind: 'tls',
    recordVersion: TLS_1_0,
    legacyVersion: TLS_1_2,
    supportedVersions: null,
    random,
    sessionId: new Uint8Array(),
    suites: bestUpTo12,
    compression: [0],
    serverName,
    groups: bestCurves,
    keyShares: null,
    signatureSchemes: bestSchemes,
    certificateSchemes: null,
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

export function offerOfTls13(ingredients: Ingredients): ClientHelloSpec {
  return {
    ...baseOffer(ingredients),
    supportedVersions: [TLS_1_3],
    suites: ofTls13,
    groups: groupsOfToday,
    keyShares: [],
  };
}

export function offerUpTo(ingredients: Ingredients, version: number): ClientHelloSpec {
  const offer = baseOffer(ingredients);
  if (version === TLS_1_2) return offer;
  const old = {
    ...offer,
    legacyVersion: version,
    suites: certifiedUpTo(version),
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

/** @param older suites of TLS 1.2. */
export function offerOfToday(
  ingredients: Ingredients,
  wanted: readonly number[],
  older: readonly number[] = forwardSecretUpTo12,
): ClientHelloSpec {
  const offer = offerOfTls13(ingredients);
  return {
    ...offer,
    supportedVersions: [TLS_1_3, TLS_1_2],
    suites: [...offer.suites, ...older],
    groups: wanted,
  };
}
