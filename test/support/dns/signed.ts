/** Signatures by each algorithm of DNSSEC, with keys in the form of a DNSKEY. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { SignatureCheck } from '../../../src/dns/look-ups.ts';

/** A check that is good, by a new key. */
export function signed(algorithm: number, text: string): SignatureCheck {
  const data = Buffer.from(text);
  const { privateKey, publicKey } = keys(algorithm);
  const key =
    algorithm === 13 || algorithm === 14
      ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      : privateKey;
  return {
    algorithm,
    publicKey: inDnskey(publicKey),
    data,
    signature: sign(hashes[algorithm] ?? null, data, key),
  };
}

const hashes: Readonly<Record<number, string>> = {
  5: 'sha1',
  7: 'sha1',
  8: 'sha256',
  10: 'sha512',
  13: 'sha256',
  14: 'sha384',
};

function keys(algorithm: number): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  switch (algorithm) {
    case 13:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 14:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 15:
      return generateKeyPairSync('ed25519');
    case 16:
      return generateKeyPairSync('ed448');
    default:
      return generateKeyPairSync('rsa', { modulusLength: 1024 });
  }
}

/** RFC 3110 §2, RFC 6605 §4, RFC 8080 §3. */
function inDnskey(key: KeyObject): Uint8Array {
  const { n, e, x, y } = key.export({ format: 'jwk' });
  const octets = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  if (n === undefined) return Buffer.concat([octets(x), octets(y)]);
  return Buffer.concat([Buffer.of(octets(e).length), octets(e), octets(n)]);
}
