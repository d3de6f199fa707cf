/** What a finished TLS handshake showed, as plain data: nothing here is judged yet. */

/** The facts of one TLS session. */
export interface TlsFacts {
  /** `TLSv1.3`, `TLSv1.2`, ... as OpenSSL names it. */
  readonly version: string;
  /** Cipher suite by its IANA name, e.g. `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** Key exchange group, e.g. `X25519MLKEM768`; null where the platform does not tell (sessions we accepted). */
  readonly group: string | null;
  /** Certificates the peer presented, DER, leaf first; empty where it presented none. */
  readonly chain: readonly Uint8Array[];
  /** Whether the presented chain leads to a trusted root, names left aside. */
  readonly path: ChainPath;
  /** The server name that was asked for or sent (SNI); null where there was none. */
  readonly serverName: string | null;
  /** The protocol that both agreed on (ALPN, RFC 7301); null where there was none. */
  readonly alpn: string | null;
}

/** Result of building the certification path; `code` is OpenSSL's name of the failure. */
export type ChainPath =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'untrusted'; readonly code: string }
  /** The peer presented no certificate, as clients usually do. */
  | { readonly kind: 'absent' };
