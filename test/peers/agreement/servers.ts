/** The servers that everybody looks at: those of the zoo, and some with TLS as none has today. */

import { setUps } from '../../zoo/servers.ts';
import { type Place, type Running, type SetUp, setUp } from '../../zoo/set-up.ts';
import { startDovecot } from '../support/dovecot.ts';
import { startExim } from '../support/exim.ts';
import { startPostfix } from '../support/postfix.ts';

const EVERYTHING = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0';

/** A prime of 1024 bits that no other server has. */
const OWN_PRIME = `-----BEGIN DH PARAMETERS-----
MIGHAoGBAJDlnuvYeB967v5OolB8pGPWEkyUD+cfKAdS6fXd9f6zBV40XXPFXbQW
1kWqjmA+6veNqVaTZ6aKQGMUwiVvj3AXHbZG3xOMxbMtX1f1bQEA2IGJF23phdns
ZSwjzgZkeNa8j/toDcSfy2wrnwrzn4IS4rQf0MVVod4cJCUiJvTPAgEC
-----END DH PARAMETERS-----
`;

function bothKeys({ certificate }: Place): { readonly keyPem: string; readonly certPem: string } {
  const [rsa, ecdsa] = [certificate('good-rsa'), certificate('good')];
  return { keyPem: `${rsa.keyPem}${rsa.certPem}${ecdsa.keyPem}`, certPem: ecdsa.certPem };
}

async function postfixWithEverything(place: Place): Promise<Running> {
  return startPostfix(place.root, {
    address: place.address,
    hostname: place.host,
    domains: ['zoo.test'],
    certificate: bothKeys(place),
    files: { '/peer/dh.pem': OWN_PRIME },
    settings: {
      smtpd_tls_protocols: '>=TLSv1',
      tls_medium_cipherlist: EVERYTHING,
      smtpd_tls_exclude_ciphers: '',
      smtpd_tls_dh1024_param_file: '/peer/dh.pem',
      tls_preempt_cipherlist: 'yes',
    },
  });
}

async function dovecotWithEverything({ root, address, certificate }: Place): Promise<Running> {
  const other = certificate('good-rsa');
  const dovecot = await startDovecot(root, {
    address,
    accounts: { 'ada@zoo.test': 'correct horse' },
    relay: { host: '127.0.0.1', port: 9 },
    certificate: certificate('good'),
    files: { '/peer/dh.pem': OWN_PRIME, '/peer/rsa.pem': other.certPem, '/peer/rsa.key': other.keyPem },
    settings: {
      ssl_min_protocol: 'TLSv1',
      ssl_cipher_list: EVERYTHING,
      ssl_dh: '</peer/dh.pem',
      ssl_alt_cert: '</peer/rsa.pem',
      ssl_alt_key: '</peer/rsa.key',
      ssl_curve_list: 'brainpoolP256r1:P-384:X448',
    },
  });
  return { port: dovecot.imap.port, close: () => dovecot.close() };
}

async function eximWithEverything({ root, address, host, certificate }: Place): Promise<Running> {
  return startExim(root, {
    address,
    hostname: host,
    domains: ['zoo.test'],
    certificate: certificate('good-rsa'),
    settings: {
      tls_require_ciphers:
        'LEGACY:+ARCFOUR-128:+3DES-CBC:+ANON-ECDH:+ANON-DH:+CAMELLIA-128-CBC:+CAMELLIA-256-CBC:%COMPAT',
    },
  });
}

/** Of Debian's next release, whose OpenSSL has groups that quantum computers do not break. */
async function newPostfix({ root, address, host, certificate }: Place): Promise<Running> {
  return startPostfix(root, {
    address,
    hostname: host,
    domains: ['zoo.test'],
    certificate: certificate('good'),
  });
}

const weakSetUps: readonly SetUp[] = [
  setUp({
    name: 'postfix-everything',
    program: 'postfix',
    shows:
      'every version and suite that OpenSSL has, two keys, a prime of its own with 1024 bits, its own order',
    protocol: 'smtp',
    start: postfixWithEverything,
  }),
  setUp({
    name: 'dovecot-imap-everything',
    program: 'dovecot',
    shows:
      'every version and suite that OpenSSL has, two keys, a prime of its own with 1024 bits, rare curves',
    protocol: 'imap',
    start: dovecotWithEverything,
  }),
  setUp({
    name: 'exim-everything',
    program: 'exim',
    shows: 'every version and suite that GnuTLS has',
    protocol: 'smtp',
    start: eximWithEverything,
  }),
  setUp({
    name: 'postfix310-as-shipped',
    program: 'postfix310',
    shows: 'groups that quantum computers do not break',
    protocol: 'smtp',
    start: newPostfix,
  }),
];

/** Left out is who lets nobody in for the second question. */
const leftOut: ReadonlySet<string> = new Set(['postfix-rate-limit']);

export const lookedAt: readonly SetUp[] = [...weakSetUps, ...setUps].filter(({ name }) => !leftOut.has(name));

/** Where testssl.sh, which takes a minute, is asked: one set-up of every program, and those whose TLS is special. */
export const thorough: ReadonlySet<string> = new Set([
  'postfix-everything',
  'dovecot-imap-everything',
  'exim-everything',
  'postfix310-as-shipped',
  'postfix-two-keys',
  'postfix-certificate-expired',
  'slapd-good',
  'prosody-good',
  'inn-good',
  'postgresql-good',
]);
