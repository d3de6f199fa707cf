/** Why TLS was not what it should have been: the one table from the names of OpenSSL to those of RFC 8460. */

/** Result types of RFC 8460 §4.3 that concern the connection itself. */
export type TlsFailureReason =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure';

/**
 * RFC 8460 §4.3.1: `certificate-not-trusted` is for unknown authorities, constraints and errors of the chain;
 * `certificate-expired` says that it has expired, so it is not said of a certificate that is not yet valid.
 */
const reasons: ReadonlyMap<string, TlsFailureReason> = new Map<string, TlsFailureReason>([
  ['CERT_HAS_EXPIRED', 'certificate-expired'],
  ['HOSTNAME_MISMATCH', 'certificate-host-mismatch'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate-host-mismatch'],
  ['CERT_NOT_YET_VALID', 'certificate-not-trusted'],
  ['CERT_REJECTED', 'certificate-not-trusted'],
  ['CERT_REVOKED', 'certificate-not-trusted'],
  ['CERT_UNTRUSTED', 'certificate-not-trusted'],
  ['CERT_CHAIN_TOO_LONG', 'certificate-not-trusted'],
  ['CERT_SIGNATURE_FAILURE', 'certificate-not-trusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate-not-trusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate-not-trusted'],
  ['INVALID_CA', 'certificate-not-trusted'],
  ['INVALID_PURPOSE', 'certificate-not-trusted'],
  ['PATH_LENGTH_EXCEEDED', 'certificate-not-trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'certificate-not-trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate-not-trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate-not-trusted'],
]);

/** The result type for a verification code as Node gives it; `validation-failure` for every other code. */
export function failureReasonOf(code: string): TlsFailureReason {
  return reasons.get(code) ?? 'validation-failure';
}
