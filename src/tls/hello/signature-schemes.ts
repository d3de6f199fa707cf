/**
 * Signatures of the handshake: IANA's registries "TLS SignatureScheme", and the pairs of hash and signature of TLS 1.2 that have
 * no name of their own there, called in the same way (RFC 8446 §4.2.3, RFC 5246 §7.4.1.4.1).
 */

export interface SignatureScheme {
  readonly code: number;
  readonly name: string;
  /** Of the server, as its certificate has it. */
  readonly key: 'rsa' | 'rsa-pss' | 'dsa' | 'ecdsa' | 'eddsa' | 'ml-dsa' | 'gost' | 'sm2';
  /** `none`: the signature does not hash, or hashes in its own way. */
  readonly hash: 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'streebog' | 'sm3' | 'none';
}

const table: Readonly<
  Record<number, readonly [SignatureScheme['name'], SignatureScheme['key'], SignatureScheme['hash']]>
> = {
  0x0101: ['rsa_pkcs1_md5', 'rsa', 'md5'],
  0x0102: ['dsa_md5', 'dsa', 'md5'],
  0x0103: ['ecdsa_md5', 'ecdsa', 'md5'],
  0x0201: ['rsa_pkcs1_sha1', 'rsa', 'sha1'],
  0x0202: ['dsa_sha1', 'dsa', 'sha1'],
  0x0203: ['ecdsa_sha1', 'ecdsa', 'sha1'],
  0x0301: ['rsa_pkcs1_sha224', 'rsa', 'sha224'],
  0x0302: ['dsa_sha224', 'dsa', 'sha224'],
  0x0303: ['ecdsa_sha224', 'ecdsa', 'sha224'],
  0x0401: ['rsa_pkcs1_sha256', 'rsa', 'sha256'],
  0x0402: ['dsa_sha256', 'dsa', 'sha256'],
  0x0403: ['ecdsa_secp256r1_sha256', 'ecdsa', 'sha256'],
  0x0501: ['rsa_pkcs1_sha384', 'rsa', 'sha384'],
  0x0502: ['dsa_sha384', 'dsa', 'sha384'],
  0x0503: ['ecdsa_secp384r1_sha384', 'ecdsa', 'sha384'],
  0x0601: ['rsa_pkcs1_sha512', 'rsa', 'sha512'],
  0x0602: ['dsa_sha512', 'dsa', 'sha512'],
  0x0603: ['ecdsa_secp521r1_sha512', 'ecdsa', 'sha512'],
  // RFC 8998 §2.
  0x0708: ['sm2sig_sm3', 'sm2', 'sm3'],
  // RFC 9367 §1.
  0x0709: ['gostr34102012_256a', 'gost', 'streebog'],
  0x070a: ['gostr34102012_256b', 'gost', 'streebog'],
  0x070b: ['gostr34102012_256c', 'gost', 'streebog'],
  0x070c: ['gostr34102012_256d', 'gost', 'streebog'],
  0x070d: ['gostr34102012_512a', 'gost', 'streebog'],
  0x070e: ['gostr34102012_512b', 'gost', 'streebog'],
  0x070f: ['gostr34102012_512c', 'gost', 'streebog'],
  0x0804: ['rsa_pss_rsae_sha256', 'rsa', 'sha256'],
  0x0805: ['rsa_pss_rsae_sha384', 'rsa', 'sha384'],
  0x0806: ['rsa_pss_rsae_sha512', 'rsa', 'sha512'],
  0x0807: ['ed25519', 'eddsa', 'none'],
  0x0808: ['ed448', 'eddsa', 'none'],
  0x0809: ['rsa_pss_pss_sha256', 'rsa-pss', 'sha256'],
  0x080a: ['rsa_pss_pss_sha384', 'rsa-pss', 'sha384'],
  0x080b: ['rsa_pss_pss_sha512', 'rsa-pss', 'sha512'],
  // RFC 8734 §4.
  0x081a: ['ecdsa_brainpoolP256r1tls13_sha256', 'ecdsa', 'sha256'],
  0x081b: ['ecdsa_brainpoolP384r1tls13_sha384', 'ecdsa', 'sha384'],
  0x081c: ['ecdsa_brainpoolP512r1tls13_sha512', 'ecdsa', 'sha512'],
  // RFC 9189 §5.
  0x0840: ['gostr34102012_256', 'gost', 'streebog'],
  0x0841: ['gostr34102012_512', 'gost', 'streebog'],
  0x0904: ['mldsa44', 'ml-dsa', 'none'],
  0x0905: ['mldsa65', 'ml-dsa', 'none'],
  0x0906: ['mldsa87', 'ml-dsa', 'none'],
};

/** All schemes, by their numbers, in the order of these. */
export const signatureSchemes: ReadonlyMap<number, SignatureScheme> = new Map(
  Object.entries(table).map(([code, [name, key, hash]]) => [
    Number(code),
    { code: Number(code), name, key, hash },
  ]),
);

/** @returns the name, or the number (`0x1a2b`) where there is none. */
export function signatureSchemeName(code: number): string {
  return signatureSchemes.get(code)?.name ?? `0x${code.toString(16).padStart(4, '0')}`;
}
