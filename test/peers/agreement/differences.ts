/**
 * Every difference between what we say of a server and what another program does, with its reason.
 *
 * One that no row explains fails the run, and so does a row that explains none any more.
 */
import type { Kind } from './compare.ts';
import type { Met, Result } from './result.ts';
import type { ToolName } from './tool.ts';

export interface Explained {
  readonly tools: readonly ToolName[];
  readonly servers: RegExp;
  readonly kind: Kind;
  readonly what: RegExp;
  /** What we say; the other one says something else. */
  readonly ours: RegExp;
  readonly right: 'waxwing' | 'the other' | 'both';
  readonly why: string;
  /** A server at which it shows in every run. */
  readonly at: string;
}

const any = /^/;

export const explained: readonly Explained[] = [
  {
    tools: ['sslscan'],
    servers: /^slapd-/,
    kind: 'tls',
    what: any,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'sslscan takes the answer of OpenLDAP to StartTLS, a success without a responseName (which is optional: RFC 4511 §4.12), for an error. openssl, gnutls-cli and nmap come to TLS in the same run.',
    at: 'slapd-good',
  },
  {
    tools: ['gnutls-cli'],
    servers: /^cyrus-sieve-/,
    kind: 'tls',
    what: any,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'gnutls-cli never says STARTTLS to Cyrus: it waits for the greeting to go on until the server closes. openssl comes to TLS in the same run, and gnutls-cli does with Dovecot.',
    at: 'cyrus-sieve-good',
  },
  {
    tools: ['gnutls-cli'],
    servers: /^cyrus-sieve-/,
    kind: 'version',
    what: /^TLSv1\.[23]$/,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'The same: it never came to TLS.',
    at: 'cyrus-sieve-good',
  },
  {
    tools: ['gnutls-cli'],
    servers: /-key-usage$/,
    kind: 'tls',
    what: any,
    ours: /^yes$/,
    right: 'both',
    why: 'gnutls-cli breaks off, as the key may not sign (RFC 5246 §7.4.2, RFC 8446 §4.4.2.2). Waxwing says what the server has all the same, and that the certificate will not do (cert.keyusage).',
    at: 'postfix-certificate-key-usage',
  },
  {
    tools: ['gnutls-cli'],
    servers: /-key-usage$/,
    kind: 'version',
    what: /^TLSv1\.[23]$/,
    ours: /^yes$/,
    right: 'both',
    why: 'The same: no handshake of gnutls-cli came to its end.',
    at: 'postfix-certificate-key-usage',
  },
  {
    tools: ['openssl', 'posttls-finger'],
    servers: /-key-usage$/,
    kind: 'verified',
    what: any,
    ours: /^no \(purpose\)$/,
    right: 'waxwing',
    why: 'OpenSSL as a client does not look at the keyUsage of a key that signs the handshake; RFC 5246 §7.4.2 and RFC 8446 §4.4.2.2 want digitalSignature, and GnuTLS breaks off.',
    at: 'postfix-certificate-key-usage',
  },
  {
    tools: ['gnutls-cli', 'posttls-finger'],
    servers: /-rsa-1024$/,
    kind: 'verified',
    what: any,
    ours: /^no \(weak\)$/,
    right: 'waxwing',
    why: 'An RSA key of 1024 bits is too short for openssl at the security level of Debian; GnuTLS at NORMAL and Postfix take it. NIST SP 800-131A has ruled it out since 2014 (cert.key.rsa-short).',
    at: 'postfix-certificate-rsa-1024',
  },
  {
    tools: ['openssl', 'gnutls-cli', 'posttls-finger'],
    servers: /-cn-only$/,
    kind: 'verified',
    what: any,
    ours: /^no \(name\)$/,
    right: 'waxwing',
    why: 'The name is in the subject alone. OpenSSL, GnuTLS and Postfix take it from there; RFC 9525 §2 and §6.3 do not, nor does MTA-STS (RFC 8461 §4.2).',
    at: 'postfix-certificate-cn-only',
  },
  {
    tools: ['posttls-finger'],
    servers: /^postfix-tls10(?:-sts)?$/,
    kind: 'tls',
    what: any,
    ours: /^yes$/,
    right: 'both',
    why: 'OpenSSL 3.0 has TLS 1.0 at its security level 0 only, and posttls-finger asks for a higher one, as a Postfix that delivers would. The server has TLS 1.0, as openssl shows at level 0.',
    at: 'postfix-tls10',
  },
  {
    tools: ['sslscan'],
    servers: /^postfix-tls10(?:-sts)?$/,
    kind: 'group',
    what: /^x25519$/,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'With TLS 1.0 sslscan names secp256r1 only. `openssl s_client -tls1 -groups X25519` comes to a session with x25519.',
    at: 'postfix-tls10',
  },
  {
    tools: ['sslscan'],
    servers: /^postfix-tls12$/,
    kind: 'group',
    what: /^x25519$/,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'sslscan asks for one group at a time. In TLS 1.2 a server shows no certificate of ECDSA whose curve is not on offer (RFC 8422 §5.1), here P-256, and refuses X25519 alone. `openssl s_client -tls1_2 -groups X25519:P-256` comes to a session with X25519, as any client would that offers both.',
    at: 'postfix-tls12',
  },
  {
    tools: ['gnutls-cli'],
    servers: /^postfix-no-forward-secrecy$/,
    kind: 'tls',
    what: any,
    ours: /^yes$/,
    right: 'both',
    why: 'gnutls-cli breaks off ("Key usage violation"): the server has the key exchange RSA only, and the key usage of its certificate has no keyEncipherment (RFC 5246 §7.4.2). Waxwing says what the server has all the same, and that the certificate will not do for it (cert.keyusage).',
    at: 'postfix-no-forward-secrecy',
  },
  {
    tools: ['gnutls-cli'],
    servers: /^postfix-no-forward-secrecy$/,
    kind: 'version',
    what: /^TLSv1\.2$/,
    ours: /^yes$/,
    right: 'both',
    why: 'The same: no handshake of gnutls-cli came to its end.',
    at: 'postfix-no-forward-secrecy',
  },
  {
    tools: ['openssl', 'gnutls-cli', 'posttls-finger'],
    servers: /^postfix-no-forward-secrecy$/,
    kind: 'verified',
    what: any,
    ours: /^no \(purpose\)$/,
    right: 'waxwing',
    why: 'The same: OpenSSL as a client does not look whether the key may encrypt, and gnutls-cli trusts the certificate before it breaks off.',
    at: 'postfix-no-forward-secrecy',
  },
  {
    tools: ['gnutls-cli', 'posttls-finger'],
    servers: /^postfix-null-cipher$/,
    kind: 'tls',
    what: any,
    ours: /^yes$/,
    right: 'both',
    why: 'The server has suites only that encrypt nothing, and neither of the two offers those, as a client should not. openssl comes to a session with eNULL.',
    at: 'postfix-null-cipher',
  },
  {
    tools: ['gnutls-cli'],
    servers: /^postfix-null-cipher$/,
    kind: 'version',
    what: /^TLSv1\.2$/,
    ours: /^yes$/,
    right: 'both',
    why: 'The same: it never came to a session.',
    at: 'postfix-null-cipher',
  },
  {
    tools: ['openssl', 'posttls-finger'],
    servers: /^postfix-two-names$/,
    kind: 'verified',
    what: any,
    ours: /^no \(name\)$/,
    right: 'waxwing',
    why: 'The server has two certificates. The one of ECDSA, which the others got, is for its name; the one of RSA is for another. `openssl s_client -tls1_2 -sigalgs RSA-PSS+SHA256` says "hostname mismatch".',
    at: 'postfix-two-names',
  },
  {
    tools: ['gnutls-cli'],
    servers: /^exim-client-certificate$/,
    kind: 'version',
    what: /^TLSv1\.2$/,
    ours: /^yes$/,
    right: 'both',
    why: 'The server wants a certificate of the client, and breaks off when none comes: in TLS 1.2 before the handshake is over, in TLS 1.3 behind it. openssl tells of the session that was agreed on, as Waxwing does; gnutls-cli only of what came to its end.',
    at: 'exim-client-certificate',
  },
  {
    tools: ['sslscan'],
    servers: /^exim-everything$/,
    kind: 'suite',
    what: /_128_CBC_SHA$/,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'The GnuTLS of Exim, which has anonymous suites switched on here and nothing to do them with, breaks off at hellos in which it likes an anonymous suite best ("Insufficient credentials" in the log of Exim), and sslscan ends its list there. Waxwing asks for one way of key exchange at a time. `openssl s_client` with one of these suites alone comes to a session.',
    at: 'exim-everything',
  },
  {
    tools: ['nmap'],
    servers: /^exim-everything$/,
    kind: 'suite',
    what: /^TLSv1\S* TLS_ECDHE_RSA_WITH_(?:3DES_EDE_CBC|AES_128_CBC|AES_128_GCM)_SHA/,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'The same: nmap asks for 64 suites at a time, and takes all of them for refused where an anonymous one among them makes GnuTLS break off.',
    at: 'exim-everything',
  },
  {
    tools: ['testssl.sh'],
    servers: /^exim-everything$/,
    kind: 'suite',
    what: /^TLSv1\S* TLS_(?:EC)?DHE_RSA_WITH_(?:(?:AES|CAMELLIA)_128_CBC|3DES_EDE_CBC|RC4_128)_SHA$/,
    ours: /^yes$/,
    right: 'waxwing',
    why: 'The same: testssl.sh asks for many suites at a time, too. gnutls-cli with one of these alone comes to a session.',
    at: 'exim-everything',
  },
];

export function explains(one: Explained, { tool, server, kind, what, ours }: Met): boolean {
  return (
    one.kind === kind &&
    one.tools.includes(tool) &&
    one.servers.test(server) &&
    one.what.test(what) &&
    one.ours.test(ours)
  );
}

export interface Sorted {
  /** Each row with what it explains. */
  readonly rows: readonly { readonly row: Explained; readonly met: readonly Met[] }[];
  readonly unexplained: readonly Met[];
  /** Rows whose server was looked at, and that explain nothing. */
  readonly idle: readonly Explained[];
}

/** Sorts differences by the first row that explains them. */
export function sorted(results: readonly Result[], differences: readonly Met[]): Sorted {
  const byRow = new Map(explained.map((row) => [row, [] as Met[]]));
  const unexplained: Met[] = [];
  for (const one of differences) {
    const row = explained.find((candidate) => explains(candidate, one));
    if (row === undefined) unexplained.push(one);
    else byRow.get(row)?.push(one);
  }
  const isSeen = ({ at, tools }: Explained): boolean =>
    results.some(
      (result) =>
        result.name === at && result.tools.some(({ kind, name }) => kind === 'seen' && tools.includes(name)),
    );
  const rows = [...byRow].map(([row, met]) => ({ row, met }));
  return {
    rows,
    unexplained,
    idle: rows
      .filter(({ row, met }) => isSeen(row) && !met.some(({ server }) => server === row.at))
      .map(({ row }) => row),
  };
}
