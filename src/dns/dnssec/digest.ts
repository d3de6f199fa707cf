/** Digests of keys: what a DS says of a DNSKEY. RFC 4034 §5.1.4, RFC 4509, RFC 6605 §2. */
import { hash } from 'node:crypto';
import type { Name } from '../name.ts';
import { compareOctets } from '../octets.ts';
import type { Ds } from '../records.ts';
import { isSupported } from './algorithms.ts';

const SHA1 = 1;

/** By their numbers in IANA's registry of digest algorithms of DS. */
const digests: Readonly<Record<number, { readonly hash: string; readonly name: string }>> = {
  [SHA1]: { hash: 'sha1', name: 'SHA-1' },
  2: { hash: 'sha256', name: 'SHA-256' },
  4: { hash: 'sha384', name: 'SHA-384' },
};

export function isDigestSupported(digestType: number): boolean {
  return digests[digestType] !== undefined;
}

/** `SHA-256`, or `digest type 9`. */
export function showDigestType(digestType: number): string {
  return digests[digestType]?.name ?? `digest type ${digestType}`;
}

/**
 * Those of a DS set that count.
 *
 * Others are as if they were not there (RFC 4035 §5.2, RFC 6840 §5.2). "Validator implementations SHOULD ignore DS RRs
 * containing SHA-1 digests if DS RRs with SHA-256 digests are present" (RFC 4509 §3): those that count, or a DS that
 * nobody can use would switch the others off.
 */
export function usableDs(set: readonly Ds[], sha1: boolean): readonly Ds[] {
  const supported = set.filter((ds) => isSupported(ds.algorithm, sha1) && isDigestSupported(ds.digestType));
  const better = supported.filter((ds) => ds.digestType !== SHA1);
  return better.length > 0 ? better : supported;
}

/** Whether a DS is of this key; costs one digest. @param rdata of the DNSKEY. */
export function isDigestOf(ds: Ds, owner: Name, rdata: Uint8Array): boolean {
  const digest = digestOf(ds.digestType, owner, rdata);
  return digest !== undefined && compareOctets(digest, ds.digest) === 0;
}

/** What the DS of a key has as its digest. @returns undefined for a digest that is not known here. */
export function digestOf(digestType: number, owner: Name, rdata: Uint8Array): Uint8Array | undefined {
  const digest = digests[digestType];
  if (digest === undefined) return undefined;
  return hash(digest.hash, Buffer.concat([Buffer.from(owner, 'latin1'), rdata]), 'buffer');
}
