/** The algorithms of signatures that are checked here, and the digests of keys. */

/** How a signature of one algorithm is checked. */
export type Scheme =
  /** PKCS #1 v1.5 (RFC 3110, RFC 5702). */
  | { readonly kind: 'rsa'; readonly hash: 'sha1' | 'sha256' | 'sha512'; readonly leastBits: number }
  /** RFC 6605. `octets` of a coordinate, and of each half of a signature. */
  | {
      readonly kind: 'ecdsa';
      readonly hash: 'sha256' | 'sha384';
      readonly curve: 'P-256' | 'P-384';
      readonly octets: number;
    }
  /** RFC 8080. `octets` of a key; a signature has twice as many. */
  | { readonly kind: 'eddsa'; readonly curve: 'Ed25519' | 'Ed448'; readonly octets: number };

const rsaSha1 = { kind: 'rsa', hash: 'sha1', leastBits: 512 } as const;

/** By their numbers in IANA's registry "DNS Security Algorithm Numbers". */
const schemes: ReadonlyMap<number, Scheme> = new Map<number, Scheme>([
  [5, rsaSha1],
  [7, rsaSha1],
  [8, { kind: 'rsa', hash: 'sha256', leastBits: 512 }],
  // "The key size for RSA/SHA-512 keys MUST NOT be less than 1024 bits" (RFC 5702 §2.2).
  [10, { kind: 'rsa', hash: 'sha512', leastBits: 1024 }],
  [13, { kind: 'ecdsa', hash: 'sha256', curve: 'P-256', octets: 32 }],
  [14, { kind: 'ecdsa', hash: 'sha384', curve: 'P-384', octets: 48 }],
  [15, { kind: 'eddsa', curve: 'Ed25519', octets: 32 }],
  [16, { kind: 'eddsa', curve: 'Ed448', octets: 57 }],
]);

/** IANA's mnemonics, also of what is not checked here: reasons name them. */
const names: Readonly<Record<number, string>> = {
  1: 'RSAMD5',
  3: 'DSA',
  5: 'RSASHA1',
  6: 'DSA-NSEC3-SHA1',
  7: 'RSASHA1-NSEC3-SHA1',
  8: 'RSASHA256',
  10: 'RSASHA512',
  12: 'ECC-GOST',
  13: 'ECDSAP256SHA256',
  14: 'ECDSAP384SHA384',
  15: 'ED25519',
  16: 'ED448',
  17: 'SM2SM3',
  23: 'ECC-GOST12',
};

/** @returns undefined for an algorithm that is not checked here. */
export function schemeOf(algorithm: number): Scheme | undefined {
  return schemes.get(algorithm);
}

/** Whether signatures of an algorithm count; `sha1` as in the terms. */
export function isSupported(algorithm: number, sha1: boolean): boolean {
  const scheme = schemes.get(algorithm);
  return scheme !== undefined && (sha1 || scheme.kind !== 'rsa' || scheme.hash !== 'sha1');
}

/** `ECDSAP256SHA256`, or `algorithm 99`. */
export function showAlgorithm(algorithm: number): string {
  return names[algorithm] ?? `algorithm ${algorithm}`;
}

/** Names a key as reasons do: `key 12345 (ECDSAP256SHA256)`. */
export function showKey({ keyTag, algorithm }: { keyTag: number; algorithm: number }): string {
  return `key ${keyTag} (${showAlgorithm(algorithm)})`;
}
