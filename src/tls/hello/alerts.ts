/** Alerts: what a server says when it does not want to go on (RFC 8446 §6, RFC 5246 §7.2, RFC 6101 §5.4). */

/** IANA's registry "TLS Alerts"; those that TLS 1.3 no longer has are in it, too. */
const descriptions: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  52: 'too_many_cids_requested',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  111: 'certificate_unobtainable',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  114: 'bad_certificate_hash_value',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  117: 'general_error',
  120: 'no_application_protocol',
  121: 'ech_required',
};

export const CLOSE_NOTIFY = 0;

export interface Alert {
  readonly level: 'warning' | 'fatal';
  readonly code: number;
  /** The version of the record that it came in, as on the wire. */
  readonly recordVersion: number;
}

/** @returns IANA's name, or `alert 99` where there is none. */
export function alertName(code: number): string {
  return descriptions[code] ?? `alert ${code}`;
}

/** The two octets of an alert; undefined where the first is no level. */
export function readAlert(level: number, code: number, recordVersion: number): Alert | undefined {
  if (level !== 1 && level !== 2) return undefined;
  return { level: level === 1 ? 'warning' : 'fatal', code, recordVersion };
}
