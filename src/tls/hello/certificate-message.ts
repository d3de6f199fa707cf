/** Certificate of TLS 1.2 and older, in which it comes in clear (RFC 5246 §7.4.2), and CertificateStatus (RFC 6066 §8). */
import { copy, type Reading, read } from './octets.ts';

/** More are no chain: OpenSSL verifies up to 100, the longest of public authorities has five. */
const MOST_CERTIFICATES = 20;
const OCSP = 1;

/** The chain as it was sent, DER, the server's own first. */
export function readCertificates(body: Uint8Array): Reading<readonly Uint8Array[]> {
  const cursor = read(body);
  const list = read(cursor.vector(3));
  const value: Uint8Array[] = [];
  while (list.hasMore() && value.length <= MOST_CERTIFICATES) value.push(copy(list.vector(3, 1)));
  if (value.length > MOST_CERTIFICATES)
    return {
      value: value.slice(0, MOST_CERTIFICATES),
      breach: `more than ${MOST_CERTIFICATES} certificates`,
    };
  if (!cursor.isRead() || !list.isRead())
    return { value: null, breach: 'a Certificate message whose lengths do not add up' };
  // Only a client may have none.
  return { value, breach: value.length === 0 ? 'a Certificate message without a certificate' : null };
}

/** The stapled answer of OCSP, DER. */
export function readCertificateStatus(body: Uint8Array): Reading<Uint8Array> {
  const cursor = read(body);
  const type = cursor.number(1);
  const value = copy(cursor.vector(3, 1));
  return type === OCSP && cursor.isRead()
    ? { value, breach: null }
    : { value: null, breach: 'a CertificateStatus that is no answer of OCSP' };
}
