/** Extensions of the two hellos that we send or read, by their numbers in IANA's registry "TLS ExtensionType Values". */
export const extensionTypes = {
  /** RFC 6066 §3. */
  server_name: 0,
  /** RFC 6066 §8. */
  status_request: 5,
  /** RFC 8446 §4.2.7; elliptic_curves of RFC 4492. */
  supported_groups: 10,
  /** RFC 8422 §5.1.2. */
  ec_point_formats: 11,
  /** RFC 8446 §4.2.3. */
  signature_algorithms: 13,
  /** RFC 7301 §3.1. */
  application_layer_protocol_negotiation: 16,
  /** RFC 7685 §3. */
  padding: 21,
  /** RFC 7366 §2. */
  encrypt_then_mac: 22,
  /** RFC 7627 §5.1. */
  extended_master_secret: 23,
  /** RFC 8446 §4.2.1. */
  supported_versions: 43,
  /** RFC 8446 §4.2.2. */
  cookie: 44,
  /** RFC 8446 §4.2.3. */
  signature_algorithms_cert: 50,
  /** RFC 8446 §4.2.8. */
  key_share: 51,
  /** RFC 5746 §3.2. */
  renegotiation_info: 0xff01,
} as const;

/** An extension as it stands in a hello. */
export interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
}
