/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';
import { atLeastTls12, forwardSecret, program } from './remedies.ts';

/** Where no policy requires TLS, what is weak is still better than nothing. */
const IN_CLEAR =
  'The lines leave no others: at port 25 an old sender that has none of these sends in clear from then on, so see in the log of the server that there are no such senders first.';

const old = (version: string): string =>
  `The server still speaks TLS ${version}, which has been forbidden since 2021 and breaks rules of many auditors. Nothing is lost without it: almost no mail server lacks TLS 1.2.`;

export const tlsChecks = {
  'tls.tls10': {
    title: 'TLS 1.0',
    severity: 'medium',
    why: old('1.0'),
    fix: [program('Switch TLS 1.0 and 1.1 off.', atLeastTls12)],
    reference: 'RFC 8996 §4',
  },
  'tls.tls11': {
    title: 'TLS 1.1',
    severity: 'medium',
    why: old('1.1'),
    fix: [program('Switch TLS 1.0 and 1.1 off.', atLeastTls12)],
    reference: 'RFC 8996 §5',
  },
  'tls.no-tls12': {
    title: 'TLS 1.2 or newer',
    severity: 'high',
    why: 'The server has no version of TLS that is still allowed. More and more senders refuse older ones: their mail comes in clear, or not at all where a policy requires TLS.',
    fix: [
      program(
        'Install a current version of the server and of its TLS library, and let it speak TLS 1.2 and 1.3.',
        atLeastTls12,
      ),
    ],
    reference: 'RFC 9325 §3.1.1',
  },
  'tls.no-tls13': {
    title: 'TLS 1.3',
    severity: 'low',
    why: 'The server does not speak TLS 1.3. TLS 1.2 is still safe where its suites are chosen well; whoever reads along sees the certificates in clear.',
    fix: [
      program(
        'Install a current TLS library (OpenSSL 1.1.1, GnuTLS 3.6.5 or newer) and allow TLS 1.3.',
        atLeastTls12,
      ),
    ],
    reference: 'RFC 9325 §3.1.1',
  },
  'tls.suite.rsa-kx': {
    title: 'suites without forward secrecy (key exchange RSA)',
    severity: 'medium',
    why: 'The server takes a suite without forward secrecy, although better ones are on offer. Whoever records mail today and gets hold of the key of the server some day reads all of it.',
    fix: [
      program(
        `Take suites with the key exchange RSA out, and leave the choice to suites with ECDHE. ${IN_CLEAR}`,
        forwardSecret,
      ),
    ],
    reference: 'RFC 9325 §4.1, §4.2',
  },
  'tls.suite.cbc': {
    title: 'suites in CBC mode',
    severity: 'low',
    why: 'The server takes a suite in CBC mode, although better ones are on offer. Attacks on it are hard to carry out against mail; the suites are on their way out.',
    fix: [program(`Prefer suites with GCM or ChaCha20-Poly1305. ${IN_CLEAR}`, forwardSecret)],
    reference: 'RFC 9325 §4.2',
  },
  'tls.suite.ccm8': {
    title: 'suites with short tags (CCM_8)',
    severity: 'low',
    why: 'The server takes a suite whose tags are cut to 8 octets, made for very small devices. Forging a record is easier than it has to be.',
    fix: [program('Take the suites with CCM_8 out.', forwardSecret)],
    reference: 'RFC 9325 §4.2',
  },
  'tls.group.pq': {
    title: 'key exchange against quantum computers',
    severity: 'info',
    why: 'The key exchange is one that a large quantum computer could undo: whoever records mail today may read it then. Few servers are further yet.',
    fix: [
      // No lines to paste: with an older library a list of groups that it does not know stops TLS, and Postfix with it.
      program(
        'Give the server a TLS library with ML-KEM, such as OpenSSL 3.5 or newer, which offers it by itself. Only then look whether a list of groups in its configuration (Postfix 3.10 and newer: tls_eecdh_auto_curves; Dovecot: ssl_curve_list; Exim: tls_eccurve) keeps it out.',
      ),
    ],
    reference: 'RFC 8446 §4.2.7, NIST FIPS 203',
  },
  'tls.alpn-cross': {
    title: 'clients of another protocol in the handshake (ALPN)',
    severity: 'low',
    why: 'The server agrees with a client on a protocol that it does not speak. A browser that is led there by somebody on the path believes that it talks to a web server of the same name (ALPACA).',
    fix: [
      program(
        'Have the server, or what ends TLS before it, accept in ALPN only its own protocol, and use a certificate that names no web servers.',
        [{ for: 'exim', text: 'tls_alpn = smtp : esmtp' }],
      ),
    ],
    reference: 'RFC 7301 §3.2, RFC 9325 §3.8',
  },
} as const satisfies Catalogue;
