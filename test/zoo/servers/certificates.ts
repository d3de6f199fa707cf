/** Postfix with every kind of certificate, under every policy by which senders look at it. */
import { startPostfix } from '../../peers/support/postfix.ts';
import type { CertificateKind } from '../certificates.ts';
import { type Policy, type SetUp, setUp } from '../set-up.ts';

/** As it is shipped it takes TLS 1.0 too. */
export const newVersions = {
  smtpd_tls_protocols: '>=TLSv1.2',
  smtpd_tls_mandatory_protocols: '>=TLSv1.2',
} as const;

const enforce: Policy = { kind: 'sts', mode: 'enforce' };

function daneName({ usage, of, matching = 1 }: Extract<Policy, { kind: 'dane' }>): string {
  return `-dane-${usage}-1-${matching}${of === 'nothing' ? '-mismatch' : ''}`;
}

function shown(kind: CertificateKind, shows: string, policy: Policy = { kind: 'none' }): SetUp {
  const under =
    policy.kind === 'sts' ? `-sts-${policy.mode}` : policy.kind === 'dane' ? daneName(policy) : '';
  return setUp({
    name: `postfix-certificate-${kind}${under}`,
    program: 'postfix',
    shows,
    protocol: 'smtp',
    start: ({ root, address, host, certificate }) =>
      startPostfix(root, {
        address,
        hostname: host,
        domains: ['zoo.test'],
        certificate: certificate(kind),
        // Keys and signatures that OpenSSL of today would not load.
        settings: { tls_medium_cipherlist: 'ALL:@SECLEVEL=0', ...newVersions },
      }),
    policy,
  });
}

export const certificateSetUps: readonly SetUp[] = [
  shown('good', 'a good certificate, and no policy that asks for it'),
  shown('good-rsa', 'a good RSA certificate'),
  shown('expired', 'the certificate is past'),
  shown('expired', 'the certificate is past, under MTA-STS enforce', enforce),
  shown('expired', 'the certificate is past, under DANE-EE, where no date counts', {
    kind: 'dane',
    usage: 3,
    of: 'expired',
  }),
  shown('expired', 'the certificate is past, under DANE-TA', { kind: 'dane', usage: 2, of: 'issuer' }),
  shown('not-yet-valid', 'the certificate is of the future'),
  shown('expiring', 'the certificate ends in two days'),
  shown('expiring', 'the certificate ends in two days, under DANE-TA', {
    kind: 'dane',
    usage: 2,
    of: 'issuer',
  }),
  shown('self-signed', 'the certificate is signed by itself'),
  shown('self-signed', 'the certificate is signed by itself, under MTA-STS enforce', enforce),
  shown('untrusted', 'the certificate is of an authority that nobody knows'),
  shown('wrong-name', 'the certificate is for another name'),
  shown('wrong-name', 'the certificate is for another name, under MTA-STS enforce', enforce),
  shown('wrong-name', 'the certificate is for another name, under DANE-TA', {
    kind: 'dane',
    usage: 2,
    of: 'issuer',
  }),
  shown('incomplete', 'the certificate of the authority in between is missing'),
  shown(
    'incomplete',
    'the certificate of the authority in between is missing, under MTA-STS enforce',
    enforce,
  ),
  shown('unordered', 'the certificates do not follow each other'),
  shown('with-root', 'the root is presented too'),
  shown('rsa-1024', 'an RSA key of 1024 bits'),
  shown('exponent', 'an RSA key with the exponent 3'),
  shown('sha1', 'a signature with SHA-1'),
  shown('wildcard', 'a certificate for all names of the domain'),
  shown('cn-only', 'the name is in the subject alone'),
  shown('for-clients', 'a certificate for clients'),
  shown('authority', 'a certificate of an authority'),
  shown('chain-expired', 'the certificate of the authority in between is past'),
  shown('md5', 'a signature with MD5'),
  shown('key-usage', 'a key that may not sign'),
  shown('incomplete', 'the authority of the TLSA record is not presented', {
    kind: 'dane',
    usage: 2,
    of: 'issuer',
  }),
  shown('good-rsa', 'a TLSA record with the whole key', {
    kind: 'dane',
    usage: 3,
    of: 'good-rsa',
    matching: 0,
  }),
  shown('good-rsa', 'a TLSA record with SHA-512', { kind: 'dane', usage: 3, of: 'good-rsa', matching: 2 }),
  shown('long-lived', 'a certificate for three years'),
  shown('good', 'a good certificate under MTA-STS enforce', enforce),
  shown('good', 'a good certificate under MTA-STS testing', { kind: 'sts', mode: 'testing' }),
  shown('good', 'the key of the TLSA record', { kind: 'dane', usage: 3, of: 'good' }),
  shown('good-rsa', 'a TLSA record of another key', { kind: 'dane', usage: 3, of: 'nothing' }),
];
