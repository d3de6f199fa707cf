/** Contexts of TLS for whoever looks at servers: they take what no sender should, so that a weak server is seen. */
import { constants } from 'node:crypto';
import {
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls';

/**
 * What a hello says.
 *
 * `everything`: TLS 1.0 to 1.3, the hybrid groups first. `up-to-tls12`: without TLS 1.3 and its groups. `rsa`, `ecdsa`: only a
 * key of that kind can be used.
 */
export type HelloKind = 'everything' | 'up-to-tls12' | 'rsa' | 'ecdsa';

/** One for each kind of hello, made when it is first asked for: loading the roots takes milliseconds. */
export type SeeingContexts = (kind: HelloKind) => SecureContext;

/** Weak keys and digests are to be seen, and what a path is worth is told beside them. */
const WEAK = '@SECLEVEL=0';
/** Without a certificate there is nothing to see: a server that prefers such suites would hide the one it has. */
const CERTIFIED = `ALL:!aNULL:!eNULL:${WEAK}`;

/**
 * RFC 8446 §4.2.3: the algorithms of PKCS #1 v1.5 "refer solely to signatures which appear in certificates" in TLS 1.3, so
 * they admit a certificate of ECDSA that RSA has signed, and no key of RSA; in TLS 1.2 the suites decide.
 */
const SIGNED_BY_RSA = ['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512', 'rsa_pkcs1_sha1'];

const hellos: Readonly<Record<HelloKind, SecureContextOptions>> = {
  everything: { minVersion: 'TLSv1', ciphers: CERTIFIED },
  'up-to-tls12': { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: CERTIFIED },
  rsa: {
    minVersion: 'TLSv1',
    ciphers: `aRSA:!eNULL:${WEAK}`,
    sigalgs: [
      'rsa_pss_rsae_sha256',
      'rsa_pss_rsae_sha384',
      'rsa_pss_rsae_sha512',
      'rsa_pss_pss_sha256',
      'rsa_pss_pss_sha384',
      'rsa_pss_pss_sha512',
      ...SIGNED_BY_RSA,
    ].join(':'),
  },
  ecdsa: {
    minVersion: 'TLSv1',
    ciphers: `aECDSA:!eNULL:${WEAK}`,
    sigalgs: [
      'ecdsa_secp256r1_sha256',
      'ecdsa_secp384r1_sha384',
      'ecdsa_secp521r1_sha512',
      'ecdsa_sha1',
      ...SIGNED_BY_RSA,
    ].join(':'),
  },
};

/** @param extraRoots PEM, added to Node's own roots. */
export function seeingContexts(extraRoots: readonly string[]): SeeingContexts {
  const made = new Map<HelloKind, SecureContext>();
  return (kind) => {
    const known = made.get(kind);
    if (known !== undefined) return known;
    const context = createSecureContext({
      ...hellos[kind],
      ca: [...rootCertificates, ...extraRoots],
      // Servers without secure renegotiation are still there, and it is not the visitor who is in danger.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_LEGACY_SERVER_CONNECT,
    });
    made.set(kind, context);
    return context;
  };
}
