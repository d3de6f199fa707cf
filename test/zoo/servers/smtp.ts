/** Servers of SMTP that are set up wrong in what they say. */
import { startExim } from '../../peers/support/exim.ts';
import { startOpenSmtpd } from '../../peers/support/opensmtpd.ts';
import { type PostfixOptions, startPostfix } from '../../peers/support/postfix.ts';
import { type SendmailOptions, startSendmail } from '../../peers/support/sendmail.ts';
import type { CertificateKind } from '../certificates.ts';
import { type Place, type Running, type SetUp, setUp } from '../set-up.ts';
import { newVersions } from './certificates.ts';

type Told = Partial<Omit<SetUp, 'name' | 'program' | 'shows' | 'protocol'>>;

function postfix(
  name: string,
  shows: string,
  kind: CertificateKind | null,
  settings: Readonly<Record<string, string>>,
  told: Told & { readonly more?: Partial<PostfixOptions> } = {},
): SetUp {
  const { more, ...rest } = told;
  return setUp({
    name: `postfix-${name}`,
    program: 'postfix',
    shows,
    protocol: 'smtp',
    start: ({ root, address, host, certificate }) =>
      startPostfix(root, {
        address,
        hostname: host,
        domains: ['zoo.test'],
        ...(kind === null ? {} : { certificate: certificate(kind) }),
        ...more,
        settings: { ...newVersions, ...settings },
      }),
    ...rest,
  });
}

/** Whoever may log in, nobody does. */
const accounts = { ada: 'correct-horse' };

/** Both keys in one file, as `smtpd_tls_chain_files` takes them. */
async function postfixWithTwoKeys(
  { root, address, host, certificate }: Place,
  first: CertificateKind = 'good-rsa',
): Promise<Running> {
  const [rsa, ecdsa] = [certificate(first), certificate('good')];
  return startPostfix(root, {
    address,
    hostname: host,
    domains: ['zoo.test'],
    certificate: { keyPem: `${rsa.keyPem}${rsa.certPem}${ecdsa.keyPem}`, certPem: ecdsa.certPem },
    settings: newVersions,
  });
}

const postfixSetUps: readonly SetUp[] = [
  setUp({
    name: 'postfix-as-shipped',
    program: 'postfix',
    shows: 'the versions of TLS that it takes as it is shipped',
    protocol: 'smtp',
    start: ({ root, address, host, certificate }) =>
      startPostfix(root, {
        address,
        hostname: host,
        domains: ['zoo.test'],
        certificate: certificate('good'),
      }),
  }),
  postfix('no-tls', 'TLS is off', null, {}),
  postfix('starttls-discarded', 'STARTTLS is taken out of the answers to EHLO', 'good', {
    smtpd_discard_ehlo_keywords: 'starttls',
  }),
  postfix('tls-demanded', 'mail is taken only inside TLS', 'good', { smtpd_tls_security_level: 'encrypt' }),
  postfix('client-certificate', 'clients have to show a certificate', 'good', {
    smtpd_tls_security_level: 'encrypt',
    smtpd_tls_req_ccert: 'yes',
  }),
  postfix('client-certificate-asked', 'clients are asked for a certificate', 'good', {
    smtpd_tls_ask_ccert: 'yes',
  }),
  postfix(
    'auth-in-clear',
    'logins are taken in clear',
    'good',
    { smtpd_tls_auth_only: 'no' },
    {
      more: { accounts },
    },
  ),
  postfix('auth', 'logins are offered at the MX host', 'good', {}, { more: { accounts } }),
  postfix('tls10', 'TLS 1.0 and no later version', 'good', {
    smtpd_tls_protocols: '>=TLSv1, <=TLSv1',
    tls_medium_cipherlist: 'ALL:@SECLEVEL=0',
  }),
  postfix('tls10-too', 'every version from TLS 1.0 on', 'good', {
    smtpd_tls_protocols: '>=TLSv1',
    tls_medium_cipherlist: 'ALL:@SECLEVEL=0',
  }),
  postfix('tls12', 'TLS 1.2 and no other version', 'good', { smtpd_tls_protocols: '>=TLSv1.2, <=TLSv1.2' }),
  postfix('tls13', 'TLS 1.3 and no other version', 'good', { smtpd_tls_protocols: '>=TLSv1.3' }),
  postfix('no-forward-secrecy', 'only suites without forward secrecy', 'good-rsa', {
    smtpd_tls_protocols: '>=TLSv1.2, <=TLSv1.2',
    tls_medium_cipherlist: 'kRSA+AES',
  }),
  postfix('null-cipher', 'only suites that encrypt nothing', 'good-rsa', {
    smtpd_tls_protocols: '>=TLSv1.2, <=TLSv1.2',
    smtpd_tls_ciphers: 'null',
    tls_null_cipherlist: 'eNULL:@SECLEVEL=0',
    smtpd_tls_exclude_ciphers: '',
  }),
  postfix('nameless', 'the greeting has no name', 'good', { smtpd_banner: 'ESMTP' }),
  postfix('versioned', 'the greeting tells the version', 'good', {
    smtpd_banner: '$myhostname ESMTP $mail_name ($mail_version)',
  }),
  postfix('rate-limit', 'one connection a minute from one client', 'good', {
    // The other one is that of the starter, who looks whether it is there.
    smtpd_client_connection_rate_limit: '2',
    smtpd_client_event_limit_exceptions: '',
  }),
  postfix(
    'open-relay',
    'everybody may send everywhere',
    'good',
    { mynetworks: '0.0.0.0/0' },
    { more: { relay: { host: '127.0.0.1', port: 9 } } },
  ),
  postfix('few-extensions', 'old: no extension but STARTTLS', 'good', {
    smtpd_discard_ehlo_keywords:
      'pipelining, size, 8bitmime, dsn, enhancedstatuscodes, smtputf8, chunking, vrfy, etrn',
    disable_vrfy_command: 'yes',
  }),
  setUp({
    name: 'postfix-two-keys',
    program: 'postfix',
    shows: 'RSA and ECDSA, and a TLSA record of one of them',
    protocol: 'smtp',
    policy: { kind: 'dane', usage: 3, of: 'good' },
    start: (place) => postfixWithTwoKeys(place),
  }),
  setUp({
    name: 'postfix-two-names',
    program: 'postfix',
    shows: 'RSA for another name than ECDSA',
    protocol: 'smtp',
    start: (place) => postfixWithTwoKeys(place, 'wrong-name-rsa'),
  }),
  postfix(
    'tls10-sts',
    'TLS 1.0 and no later version, under MTA-STS enforce',
    'good',
    { smtpd_tls_protocols: '>=TLSv1, <=TLSv1', tls_medium_cipherlist: 'ALL:@SECLEVEL=0' },
    { policy: { kind: 'sts', mode: 'enforce' } },
  ),
  postfix(
    'no-tls-dane',
    'TLS is off, under DANE',
    null,
    {},
    {
      policy: { kind: 'dane', usage: 3, of: 'good' },
    },
  ),
  postfix(
    'no-tls-sts',
    'TLS is off, under MTA-STS enforce',
    null,
    {},
    {
      policy: { kind: 'sts', mode: 'enforce' },
    },
  ),
];

function exim(
  name: string,
  shows: string,
  settings: Readonly<Record<string, string>>,
  told: Told & { readonly kind?: CertificateKind | null } = {},
): SetUp {
  const { kind = 'good', ...rest } = told;
  return setUp({
    name: `exim-${name}`,
    program: 'exim',
    shows,
    protocol: 'smtp',
    start: ({ root, address, host, certificate }) =>
      startExim(root, {
        address,
        hostname: host,
        domains: ['zoo.test'],
        ...(kind === null ? {} : { certificate: certificate(kind) }),
        settings,
      }),
    ...rest,
  });
}

/** Of GnuTLS, with which Debian builds it. */
const priorities = { tls_require_ciphers: 'NORMAL:-VERS-TLS1.0:-VERS-TLS1.1' };

const eximSetUps: readonly SetUp[] = [
  exim('as-shipped', 'the versions of TLS that it takes as it is shipped', {}),
  exim('good', 'all in order', priorities),
  exim('client-certificate', 'clients have to show a certificate', {
    ...priorities,
    tls_verify_hosts: '*',
    tls_verify_certificates: '/peer/cert.pem',
  }),
  exim('not-advertised', 'STARTTLS is offered to nobody', { tls_advertise_hosts: '' }),
  exim('no-certificate', 'the file of the certificate is not there', {
    tls_certificate: '/peer/missing.pem',
  }),
];

function opensmtpd(name: string, shows: string, kind: CertificateKind | null, told: Told = {}): SetUp {
  return setUp({
    name: `opensmtpd-${name}`,
    program: 'opensmtpd',
    shows,
    protocol: 'smtp',
    start: ({ root, address, host, certificate }) =>
      startOpenSmtpd(root, {
        address,
        hostname: host,
        domains: ['zoo.test'],
        ...(kind === null ? {} : { certificate: certificate(kind) }),
      }),
    ...told,
  });
}

function sendmail(
  name: string,
  shows: string,
  kind: CertificateKind | null,
  told: Told & { readonly macros?: SendmailOptions['macros'] } = {},
): SetUp {
  const { macros = [], ...rest } = told;
  return setUp({
    name: `sendmail-${name}`,
    program: 'sendmail',
    shows,
    protocol: 'smtp',
    start: ({ root, address, host, certificate }) =>
      startSendmail(root, {
        address,
        hostname: host,
        macros,
        ...(kind === null ? {} : { certificate: certificate(kind) }),
      }),
    ...rest,
  });
}

export const smtpSetUps: readonly SetUp[] = [
  ...postfixSetUps,
  ...eximSetUps,
  opensmtpd('good', 'all in order', 'good'),
  opensmtpd('no-tls', 'TLS is off', null),
  sendmail('as-shipped', 'questions for mailboxes are answered, as it is shipped', 'good'),
  sendmail('no-certificate', 'no CertFile', null),
  sendmail('good', 'all in order', 'good', {
    macros: ["define(`confPRIVACY_FLAGS', `goaway')"],
  }),
];
