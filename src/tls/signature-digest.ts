/** The digest under a signature of a certificate, by its AlgorithmIdentifier. RFC 3279 §2.2, RFC 5758 §3, RFC 4055 §5. */
import { readInside } from './der.ts';

const SEQUENCE = 0x30;

/** `other`: one that brings its own digest, such as Ed25519, or one that is not known here. */
export type SignatureDigest = 'md2' | 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'other';

/** By the octets of the object identifier in hex. */
const digests: Readonly<Record<string, SignatureDigest>> = {
  '2a864886f70d010102': 'md2',
  '2a864886f70d010104': 'md5',
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  // RSA with SHA-1 as OIW spelled it, and DSA with SHA-1.
  '2b0e03021d': 'sha1',
  '2a8648ce380403': 'sha1',
  '2a8648ce3d0401': 'sha1',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/** @param algorithm the whole AlgorithmIdentifier. */
export function signatureDigest(algorithm: Uint8Array): SignatureDigest {
  const [id] = readInside(algorithm, SEQUENCE) ?? [];
  return digests[Buffer.from(id?.content ?? []).toString('hex')] ?? 'other';
}
