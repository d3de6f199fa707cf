/**
 * Groups of key exchange: IANA's registry "TLS Supported Groups" (RFC 8446 §4.2.7, RFC 8422 §5.1.1, RFC 7919 §2), and two of
 * drafts that were in use before ML-KEM had its final form.
 */

export interface NamedGroup {
  readonly code: number;
  readonly name: string;
  /** `hybrid`: a curve together with a KEM that quantum computers do not break, which `kem` is by itself. */
  readonly kind: 'curve' | 'finite-field' | 'kem' | 'hybrid';
  /** Octets of a key_share, from the client and from the server; null where nobody exchanges keys of it in TLS 1.3. */
  readonly share: { readonly client: number; readonly server: number } | null;
}

type Row = readonly [name: string, client?: number, server?: number];

/** RFC 8422 §5.1.1 and RFC 4492 §5.1.1 (1 to 25), RFC 7027 §2, RFC 8734 §3, RFC 9189 §6, RFC 8998 §2. */
const curves: Readonly<Record<number, Row>> = {
  0x0001: ['sect163k1'],
  0x0002: ['sect163r1'],
  0x0003: ['sect163r2'],
  0x0004: ['sect193r1'],
  0x0005: ['sect193r2'],
  0x0006: ['sect233k1'],
  0x0007: ['sect233r1'],
  0x0008: ['sect239k1'],
  0x0009: ['sect283k1'],
  0x000a: ['sect283r1'],
  0x000b: ['sect409k1'],
  0x000c: ['sect409r1'],
  0x000d: ['sect571k1'],
  0x000e: ['sect571r1'],
  0x000f: ['secp160k1'],
  0x0010: ['secp160r1'],
  0x0011: ['secp160r2'],
  0x0012: ['secp192k1'],
  0x0013: ['secp192r1'],
  0x0014: ['secp224k1'],
  0x0015: ['secp224r1'],
  0x0016: ['secp256k1'],
  0x0017: ['secp256r1', 65],
  0x0018: ['secp384r1', 97],
  0x0019: ['secp521r1', 133],
  0x001a: ['brainpoolP256r1'],
  0x001b: ['brainpoolP384r1'],
  0x001c: ['brainpoolP512r1'],
  0x001d: ['x25519', 32],
  0x001e: ['x448', 56],
  0x001f: ['brainpoolP256r1tls13', 65],
  0x0020: ['brainpoolP384r1tls13', 97],
  0x0021: ['brainpoolP512r1tls13', 129],
  0x0022: ['GC256A', 64],
  0x0023: ['GC256B', 64],
  0x0024: ['GC256C', 64],
  0x0025: ['GC256D', 64],
  0x0026: ['GC512A', 128],
  0x0027: ['GC512B', 128],
  0x0028: ['GC512C', 128],
  0x0029: ['curveSM2', 65],
};

/** RFC 7919 appendix A. */
const finiteFields: Readonly<Record<number, Row>> = {
  0x0100: ['ffdhe2048', 256],
  0x0101: ['ffdhe3072', 384],
  0x0102: ['ffdhe4096', 512],
  0x0103: ['ffdhe6144', 768],
  0x0104: ['ffdhe8192', 1024],
};

/** Sizes of FIPS 203. */
const kems: Readonly<Record<number, Row>> = {
  0x0200: ['MLKEM512', 800, 768],
  0x0201: ['MLKEM768', 1184, 1088],
  0x0202: ['MLKEM1024', 1568, 1568],
};

const hybrids: Readonly<Record<number, Row>> = {
  0x11eb: ['SecP256r1MLKEM768', 1249, 1153],
  0x11ec: ['X25519MLKEM768', 1216, 1120],
  0x11ed: ['SecP384r1MLKEM1024', 1665, 1665],
  0x11ee: ['curveSM2MLKEM768', 1249, 1153],
  0x6399: ['X25519Kyber768Draft00', 1216, 1120],
  0x639a: ['SecP256r1Kyber768Draft00', 1249, 1153],
};

/** All groups, by their numbers, in the order of these. */
export const groups: ReadonlyMap<number, NamedGroup> = new Map(
  [
    ...rows(curves, 'curve'),
    ...rows(finiteFields, 'finite-field'),
    ...rows(kems, 'kem'),
    ...rows(hybrids, 'hybrid'),
  ].map((group) => [group.code, group]),
);

/** Without a number: the parameters are written out, which RFC 8422 §5.4 forbids; here with the words of RFC 4492. */
export const EXPLICIT_PRIME = 0xff01;
export const EXPLICIT_CHAR2 = 0xff02;

/** @returns IANA's name, or the number (`0x1a2b`) where there is none. */
export function groupName(code: number): string {
  if (code === EXPLICIT_PRIME) return 'arbitrary_explicit_prime_curves';
  if (code === EXPLICIT_CHAR2) return 'arbitrary_explicit_char2_curves';
  return groups.get(code)?.name ?? `0x${code.toString(16).padStart(4, '0')}`;
}

/** As OpenSSL has other names for two of them. */
const inOpenssl: Readonly<Record<string, string>> = { prime256v1: 'secp256r1', prime192v1: 'secp192r1' };

/** @param name of a curve as OpenSSL has it. @returns its number; undefined where it has none. */
export function curveNumber(name: string): number | undefined {
  const called = inOpenssl[name] ?? name;
  return [...groups.values()].find((group) => group.kind === 'curve' && group.name === called)?.code;
}

function rows(table: Readonly<Record<number, Row>>, kind: NamedGroup['kind']): NamedGroup[] {
  return Object.entries(table).map(([code, [name, client, server = client]]) => ({
    code: Number(code),
    name,
    kind,
    share: client === undefined || server === undefined ? null : { client, server },
  }));
}
