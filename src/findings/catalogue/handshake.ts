/** Checks of what a server does in the handshake of TLS, which hellos of our own ask for, by id. */
import type { Catalogue, PasteLine } from '../check.ts';
import { atLeastTls12, program } from './remedies.ts';

/** Libraries have had it for more than ten years. */
const newer =
  'Install a current version of the server and of its TLS library; what is asked for here has been in all of them for many years.';

const ownPrime: readonly PasteLine[] = [
  { for: 'postfix', text: 'smtpd_tls_dh1024_param_file = auto' },
  { for: 'exim', text: 'tls_dhparam = ffdhe2048' },
  { for: 'sendmail', text: "define(`confDH_PARAMETERS', `2')dnl" },
];

export const handshakeChecks = {
  'tls.ssl2': {
    title: 'SSL 2.0',
    severity: 'critical',
    why: 'The server speaks SSL 2.0. By it sessions of any version can be read that were recorded at any server with the same key (DROWN).',
    fix: [program('Switch SSL 2.0 and 3.0, TLS 1.0 and 1.1 off.', atLeastTls12)],
    reference: 'RFC 6176 §3',
  },
  'tls.ssl3': {
    title: 'SSL 3.0',
    severity: 'high',
    why: 'The server speaks SSL 3.0, whose padding lets whoever is on the path read what is repeated, such as passwords (POODLE).',
    fix: [program('Switch SSL 3.0, TLS 1.0 and 1.1 off.', atLeastTls12)],
    reference: 'RFC 7568 §3',
  },
  'tls.version-intolerance': {
    title: 'clients that offer TLS 1.3 beside older versions',
    severity: 'high',
    why: 'A hello that offers TLS 1.3 as well gets no handshake, and one of TLS 1.2 does. A server that has no TLS 1.3 must take what it has: clients of today all offer both, and theirs fails.',
    fix: [
      program(
        'Install a current version of the server, and of whatever stands before it and reads hellos (firewall, load balancer).',
      ),
    ],
    reference: 'RFC 8446 §4.1.2, §4.2.1',
  },
  'tls.downgrade-sentinel': {
    title: 'mark of servers that could have spoken TLS 1.3',
    severity: 'medium',
    why: 'The server has TLS 1.3, and does not say so when it agrees on TLS 1.2. Whoever is on the path can bring clients with TLS 1.3 down to TLS 1.2 without their noticing.',
    fix: [
      program(
        'Install a current version of the server and of its TLS library; where something before the server speaks TLS 1.2 for it, have it speak TLS 1.3, too.',
      ),
    ],
    reference: 'RFC 8446 §4.1.3',
  },
  'tls.fallback-scsv': {
    title: 'word of clients that try again with an older version',
    severity: 'low',
    why: 'The server takes a session of an older version from a client that says it could do better. Whoever is on the path can bring clients that try again down to the oldest version.',
    fix: [program(newer)],
    reference: 'RFC 7507 §3',
  },
  'tls.reneg.insecure': {
    title: 'secure renegotiation',
    severity: 'high',
    why: 'The server does not know secure renegotiation. Whoever is on the path can put words of his own before those of a client; and current TLS libraries refuse to talk to such a server.',
    fix: [program(newer)],
    reference: 'RFC 5746 §3.6',
  },
  'tls.compression': {
    title: 'compression in TLS',
    severity: 'high',
    why: 'The server compresses what it encrypts. How much shorter it gets gives away what is in it (CRIME).',
    fix: [
      program('Switch compression off; current TLS libraries do not have it any more.', [
        { for: 'postfix', text: 'tls_ssl_options = NO_COMPRESSION' },
        { for: 'exim', text: '# built with OpenSSL:' },
        { for: 'exim', text: 'openssl_options = +no_compression' },
        { for: 'dovecot', text: 'ssl_options = no_compression' },
      ]),
    ],
    reference: 'RFC 9325 §3.3',
  },
  'tls.ems-missing': {
    title: 'extended master secret',
    severity: 'medium',
    why: 'In TLS 1.2 the server does not bind the keys to the whole handshake. Whoever is on the path of two sessions can make their keys the same, and proofs that are bound to the session worth nothing.',
    fix: [program(newer)],
    reference: 'RFC 7627 §5.1, RFC 9325 §3.5',
  },
  'tls.dh.weak': {
    title: 'length of primes in the key exchange',
    severity: 'high',
    why: 'The key exchange uses a prime of less than 2048 bits. One of 1024 bits can be broken by those with much money, and then all sessions with the same prime (Logjam).',
    fix: [
      program(
        'Use a prime of 2048 bits or more, or leave suites with DHE out: all clients of today have ECDHE.',
        ownPrime,
      ),
    ],
    reference: 'RFC 9325 §4.5',
  },
  'tls.dh.2048': {
    title: 'primes of 3072 bits and more',
    severity: 'low',
    why: 'The key exchange uses a prime of 2048 bits. That is enough for today; some auditors want 3072, or no such suites at all.',
    fix: [program('Leave suites with DHE out: all clients of today have ECDHE.')],
    reference: 'RFC 9325 §4.5, RFC 7919 §1',
  },
  'tls.dh.common-prime': {
    title: 'short primes that many servers share',
    severity: 'low',
    why: 'The prime of the key exchange is short, and one that many servers have. The work to break it is done once, and then serves for all of them.',
    fix: [program('Use a prime of 2048 bits or more.', ownPrime)],
    reference: 'RFC 7919 §1',
  },
  'tls.ecdhe.weak-curve': {
    title: 'length of curves in the key exchange',
    severity: 'medium',
    why: 'The server agrees to a curve of less than 224 bits, which nothing but very old software needs.',
    fix: [
      program('Leave only X25519 and curves of 256 bits or more.', [
        { for: 'dovecot', text: 'ssl_curve_list = X25519:P-256:P-384' },
      ]),
    ],
    reference: 'RFC 9325 §4.5, RFC 8422 §5.1.1',
  },
  'tls.group.preference': {
    title: 'group that the server asks for',
    severity: 'info',
    why: 'Of all groups that were offered the server asks for one that is hardly used: clients that have no key for it need one round trip more.',
    fix: [program('Prefer X25519MLKEM768 and X25519.')],
    reference: 'RFC 8446 §4.1.4',
  },
  'tls.group.pq-draft-only': {
    title: 'final form of the post-quantum key exchange',
    severity: 'low',
    why: 'The server knows the key exchange with Kyber of a draft, and not the one with ML-KEM that came of it. Clients of today do not offer the draft any more: theirs is without protection against quantum computers.',
    fix: [program('Give the server a TLS library with ML-KEM, such as OpenSSL 3.5 or newer.')],
    reference: 'NIST FIPS 203',
  },
  'tls.sigalg.sha1': {
    title: 'signatures with SHA-1 in the handshake',
    severity: 'medium',
    why: 'The server signs its key exchange with SHA-1 for whoever asks for it. Collisions of SHA-1 can be paid for, and with one of them somebody on the path can take the place of the server.',
    fix: [
      program(
        'Have the TLS library sign with SHA-256 or better only. With OpenSSL that is SignatureAlgorithms in the section system_default of its openssl.cnf (ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA256:RSA+SHA384), also where the server sets the security level itself, as Postfix does; with GnuTLS -SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1 behind its priority.',
      ),
    ],
    reference: 'RFC 9155 §2, §4',
  },
} as const satisfies Catalogue;
