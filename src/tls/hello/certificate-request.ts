/** CertificateRequest of TLS 1.2 and older: whom the server wants to know (RFC 5246 §7.4.4, RFC 4346 §7.4.4). */
import { copy, type Reading, read, readNumbers } from './octets.ts';
import { TLS_1_2 } from './versions.ts';

export interface CertificateRequest {
  /** ClientCertificateType: 1 is RSA, 64 is ECDSA. */
  readonly types: readonly number[];
  /** supported_signature_algorithms; null before TLS 1.2. */
  readonly signatureSchemes: readonly number[] | null;
  /** Distinguished names of authorities, DER; none: any will do. */
  readonly authorities: readonly Uint8Array[];
}

export function readCertificateRequest(body: Uint8Array, version: number): Reading<CertificateRequest> {
  const cursor = read(body);
  const types = [...cursor.vector(1, 1)];
  const schemes = version >= TLS_1_2 ? readNumbers(cursor.vector(2, 2)) : null;
  const names = read(cursor.vector(2));
  const authorities: Uint8Array[] = [];
  while (names.hasMore()) authorities.push(copy(names.vector(2, 1)));
  if (schemes === undefined || !cursor.isRead() || !names.isRead())
    return { value: null, breach: 'a CertificateRequest whose lengths do not add up' };
  return { value: { types, signatureSchemes: schemes, authorities }, breach: null };
}
