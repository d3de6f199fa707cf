/** What a cipher suite is made of, read from its name, and to which classes it belongs. */
import { suiteNames } from './suite-names.ts';
import { SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 } from './versions.ts';

export interface CipherSuite {
  readonly code: number;
  /** IANA's. */
  readonly name: string;
  /** The versions for which it is defined, numbers as on the wire. Servers were seen to take suites of others, too. */
  readonly since: number;
  readonly until: number;
  /** `any`: TLS 1.3 agrees on it apart from the suite. */
  readonly keyExchange: KeyExchange;
  /** By what the server proves itself: its kind of key; a secret that both have already; `any` as above; nothing. */
  readonly authentication: 'RSA' | 'DSS' | 'ECDSA' | 'GOST' | 'KEA' | 'secret' | 'any' | 'anon';
  readonly cipher: string;
  /** Of the key, as defined: 168 for 3DES, which is worth 112. */
  readonly bits: number;
  readonly mode: 'none' | 'stream' | 'CBC' | 'GCM' | 'CCM' | 'CCM_8' | 'POLY1305' | 'CTR' | 'MGM' | 'AEGIS';
  /** `AEAD` where the cipher protects by itself what it hides. */
  readonly mac: string;
  readonly classes: ReadonlySet<SuiteClass>;
}

type KeyExchange =
  | 'none'
  | 'RSA'
  | 'RSA_EXPORT'
  | 'DH'
  | 'DHE'
  | 'ECDH'
  | 'ECDHE'
  | 'PSK'
  | 'DHE_PSK'
  | 'ECDHE_PSK'
  | 'RSA_PSK'
  | 'SRP'
  | 'KRB5'
  | 'ECCPWD'
  | 'GOST'
  | 'KEA'
  | 'any';

/**
 * `secret`: nobody can use it who does not share a secret with the server. `no-fs`: whoever gets hold of the key of the server
 * (or of the secret) some day reads what was recorded.
 */
export const suiteClasses = [
  'null',
  'anon',
  'export',
  'rc2',
  'rc4',
  'des',
  '3des',
  'idea',
  'seed',
  'gost',
  'cbc',
  'aead',
  'ccm8',
  'rsa-kx',
  'no-fs',
  'secret',
] as const;
export type SuiteClass = (typeof suiteClasses)[number];

type Exchange = readonly [CipherSuite['keyExchange'], CipherSuite['authentication']];

/** What stands before _WITH_ (RFC 5246 appendix A.5, and where the others are defined). */
const exchanges: Readonly<Record<string, Exchange>> = {
  NULL: ['none', 'anon'],
  RSA: ['RSA', 'RSA'],
  RSA_EXPORT: ['RSA_EXPORT', 'RSA'],
  RSA_EXPORT1024: ['RSA_EXPORT', 'RSA'],
  RSA_FIPS: ['RSA', 'RSA'],
  RSA_OLDFIPS: ['RSA', 'RSA'],
  DH_RSA: ['DH', 'RSA'],
  DH_DSS: ['DH', 'DSS'],
  DHE_RSA: ['DHE', 'RSA'],
  DHE_DSS: ['DHE', 'DSS'],
  DH_anon: ['DHE', 'anon'],
  ECDH_RSA: ['ECDH', 'RSA'],
  ECDH_ECDSA: ['ECDH', 'ECDSA'],
  ECDHE_RSA: ['ECDHE', 'RSA'],
  ECDHE_ECDSA: ['ECDHE', 'ECDSA'],
  ECDH_anon: ['ECDHE', 'anon'],
  PSK: ['PSK', 'secret'],
  DHE_PSK: ['DHE_PSK', 'secret'],
  PSK_DHE: ['DHE_PSK', 'secret'],
  ECDHE_PSK: ['ECDHE_PSK', 'secret'],
  RSA_PSK: ['RSA_PSK', 'RSA'],
  SRP_SHA: ['SRP', 'secret'],
  SRP_SHA_RSA: ['SRP', 'RSA'],
  SRP_SHA_DSS: ['SRP', 'DSS'],
  KRB5: ['KRB5', 'secret'],
  ECCPWD: ['ECCPWD', 'secret'],
  GOSTR341094: ['GOST', 'GOST'],
  GOSTR341001: ['GOST', 'GOST'],
  GOSTR341112_256: ['GOST', 'GOST'],
  FORTEZZA_KEA: ['KEA', 'KEA'],
};

const NAME = /^(?:TLS|SSL)_(?:(?<before>\w+)_WITH_)?(?<behind>\w+?)(?:_OLD)?$/;
const BEHIND =
  /^(?<cipher>NULL|RC4|RC2|IDEA|3DES_EDE|DES40|DES|FORTEZZA|SEED|AES|AEGIS|CAMELLIA|ARIA|CHACHA20|28147|KUZNYECHIK|MAGMA|SM4|SHA\d+(?=_SHA))(?:_(?<bits>\d+)L?)?(?:_(?<mode>CBC|GCM|CCM_8|CCM|POLY1305|CNT|CTR|MGM_[LS]))?(?:_(?<cut>40|56))?(?:_(?<mac>\w+))?$/;

/** Bits of the keys of ciphers whose names do not say them. */
const usualBits: Readonly<Record<string, number>> = {
  '3DES_EDE': 168,
  DES40: 40,
  DES: 56,
  FORTEZZA: 80,
  IDEA: 128,
  SEED: 128,
  SM4: 128,
  CHACHA20: 256,
  28147: 256,
  KUZNYECHIK: 256,
  MAGMA: 256,
};

const modes: Readonly<Record<string, CipherSuite['mode']>> = {
  CBC: 'CBC',
  GCM: 'GCM',
  CCM: 'CCM',
  CCM_8: 'CCM_8',
  POLY1305: 'POLY1305',
  CNT: 'CTR',
  CTR: 'CTR',
  MGM_L: 'MGM',
  MGM_S: 'MGM',
};
const aead: ReadonlySet<CipherSuite['mode']> = new Set(['GCM', 'CCM', 'CCM_8', 'POLY1305', 'MGM', 'AEGIS']);
const forwardSecret: ReadonlySet<KeyExchange> = new Set([
  'DHE',
  'ECDHE',
  'DHE_PSK',
  'ECDHE_PSK',
  'SRP',
  'ECCPWD',
  'any',
]);
const shared: ReadonlySet<KeyExchange> = new Set([
  'PSK',
  'DHE_PSK',
  'ECDHE_PSK',
  'RSA_PSK',
  'SRP',
  'KRB5',
  'ECCPWD',
]);

const ofCipher: Readonly<Record<string, SuiteClass>> = {
  NULL: 'null',
  RC2: 'rc2',
  RC4: 'rc4',
  DES: 'des',
  DES40: 'des',
  '3DES_EDE': '3des',
  IDEA: 'idea',
  SEED: 'seed',
  28147: 'gost',
  KUZNYECHIK: 'gost',
  MAGMA: 'gost',
};

/** All suites, by their numbers, in the order of these. */
export const suites: ReadonlyMap<number, CipherSuite> = new Map(
  Object.entries(suiteNames).map(([code, name]) => [Number(code), describe(Number(code), name)]),
);

/** @returns IANA's name, or the number (`0x1a2b`) where there is none. */
export function suiteName(code: number): string {
  return suiteNames[code] ?? `0x${code.toString(16).padStart(4, '0')}`;
}

/** The numbers of all suites of a class, in their order. */
export function suitesOfClass(wanted: SuiteClass): readonly number[] {
  return [...suites.values()].filter(({ classes }) => classes.has(wanted)).map(({ code }) => code);
}

function describe(code: number, name: string): CipherSuite {
  const { before, behind = '' } = NAME.exec(name)?.groups ?? {};
  const { cipher = '', bits, mode: words = '', cut, mac: last } = BEHIND.exec(behind)?.groups ?? {};
  const isExport = before?.includes('EXPORT') === true;
  const isNew = before === undefined || words.startsWith('MGM');
  const [keyExchange, authentication] = isNew ? (['any', 'any'] as const) : exchangeOf(before);
  // TLS_SHA256_SHA256 and the like protect and do not hide (RFC 9150 §4).
  const isOpen = cipher === 'NULL' || cipher.startsWith('SHA');
  const ownMode = cipher === 'AEGIS' ? 'AEGIS' : 'stream';
  const mode = isOpen ? 'none' : (modes[words] ?? ownMode);
  const parts = {
    keyExchange,
    authentication,
    cipher: isOpen ? 'NULL' : cipher,
    bits: isOpen ? 0 : Number(bits ?? cut ?? usualBits[cipher]),
    mode,
    mac: aead.has(mode) ? 'AEAD' : (last ?? 'NULL'),
  };
  return {
    code,
    name,
    since: isNew ? TLS_1_3 : firstVersion(name, parts),
    until: isNew ? TLS_1_3 : lastVersion(name, cipher, isExport),
    ...parts,
    classes: new Set(classesOf(parts, isExport)),
  };
}

/** Kerberos has its export suites with the same exchange; only RSA changes its key for them. */
function exchangeOf(before: string): Exchange {
  return exchanges[before] ?? exchanges[before.replace(/_EXPORT(?:1024)?$/, '')] ?? ['none', 'anon'];
}

type Parts = Omit<CipherSuite, 'code' | 'name' | 'since' | 'until' | 'classes'>;

/**
 * AEAD and MACs of SHA-2 came with TLS 1.2 (RFC 5246 §1.2), but that CBC with shared secrets goes with older versions whatever the
 * MAC (RFC 5487 §3, RFC 5489 §3.2); elliptic curves and shared secrets came with TLS 1.0 (RFC 8422 §1, RFC 4279 §1).
 */
function firstVersion(name: string, { keyExchange, mac, cipher }: Parts): number {
  const isSha2 = /^SHA\d{3}$/.test(mac);
  const goesWithOlder = shared.has(keyExchange) && (cipher === 'AES' || cipher === 'NULL');
  if (mac === 'AEAD' || mac === 'OMAC' || (isSha2 && !goesWithOlder)) return TLS_1_2;
  if (name === 'TLS_GOSTR341112_256_WITH_28147_CNT_IMIT') return TLS_1_2;
  return keyExchange.startsWith('EC') || shared.has(keyExchange) || keyExchange === 'GOST' ? TLS_1_0 : SSL_3;
}

/** RFC 4346 appendix A.5 (export), RFC 5469 §1 (DES and IDEA). */
function lastVersion(name: string, cipher: string, isExport: boolean): number {
  if (name.startsWith('SSL_')) return SSL_3;
  if (isExport) return TLS_1_0;
  return cipher === 'DES' || cipher === 'IDEA' ? TLS_1_1 : TLS_1_2;
}

function* classesOf(parts: Parts, isExport: boolean): Generator<SuiteClass> {
  const { keyExchange, authentication, cipher, mode, mac } = parts;
  const own = ofCipher[cipher];
  if (own !== undefined) yield own;
  if (authentication === 'anon') yield 'anon';
  if (isExport) yield 'export';
  if (keyExchange === 'GOST') yield 'gost';
  if (mode === 'CBC') yield 'cbc';
  if (mac === 'AEAD') yield 'aead';
  if (mode === 'CCM_8') yield 'ccm8';
  if (keyExchange === 'RSA' || keyExchange === 'RSA_EXPORT') yield 'rsa-kx';
  if (!forwardSecret.has(keyExchange)) yield 'no-fs';
  if (shared.has(keyExchange)) yield 'secret';
}
