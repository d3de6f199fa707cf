/** Postfix with every kind of certificate, under every policy by which senders look at it. */
import { startPostfix } from '../../peers/support/postfix.ts';
import type { CertificateKind } from '../certificates.ts';
import { type Policy, type SetUp, setUp } from '../set-up.ts';

const none: Policy = { kind: 'none' };
const enforce: Policy = { kind: 'sts', mode: 'enforce' };

function shown(
  kind: CertificateKind,
  shows: string,
  told: Pick<SetUp, 'finds'> & Partial<Pick<SetUp, 'policy' | 'clears' | 'remarks'>>,
): SetUp {
  const policy = told.policy ?? none;
  const under =
    policy.kind === 'sts' ? `-sts-${policy.mode}` : policy.kind === 'dane' ? `-dane-${policy.usage}` : '';
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
        settings: { tls_medium_cipherlist: 'ALL:@SECLEVEL=0' },
      }),
    ...told,
  });
}

export const certificateSetUps: readonly SetUp[] = [
  shown('good', 'a good certificate, and no policy that asks for it', { finds: {} }),
  shown('good-rsa', 'a good RSA certificate', { finds: {} }),
  shown('expired', 'the certificate is past', { finds: {} }),
  shown('expired', 'the certificate is past, under MTA-STS enforce', { policy: enforce, finds: {} }),
  shown('expired', 'the certificate is past, under DANE-EE, where no date counts', {
    policy: { kind: 'dane', usage: 3, of: 'expired' },
    finds: {},
  }),
  shown('expired', 'the certificate is past, under DANE-TA', {
    policy: { kind: 'dane', usage: 2, of: 'issuer' },
    finds: {},
  }),
  shown('not-yet-valid', 'the certificate is of the future', { finds: {} }),
  shown('expiring', 'the certificate ends in two days', { finds: {} }),
  shown('self-signed', 'the certificate is signed by itself', { finds: {} }),
  shown('self-signed', 'the certificate is signed by itself, under MTA-STS enforce', {
    policy: enforce,
    finds: {},
  }),
  shown('untrusted', 'the certificate is of an authority that nobody knows', { finds: {} }),
  shown('wrong-name', 'the certificate is for another name', { finds: {} }),
  shown('wrong-name', 'the certificate is for another name, under MTA-STS enforce', {
    policy: enforce,
    finds: {},
  }),
  shown('wrong-name', 'the certificate is for another name, under DANE-TA', {
    policy: { kind: 'dane', usage: 2, of: 'issuer' },
    finds: {},
  }),
  shown('incomplete', 'the certificate of the authority in between is missing', { finds: {} }),
  shown('incomplete', 'the certificate of the authority in between is missing, under MTA-STS enforce', {
    policy: enforce,
    finds: {},
  }),
  shown('unordered', 'the certificates do not follow each other', { finds: {} }),
  shown('with-root', 'the root is presented too', { finds: {} }),
  shown('rsa-1024', 'an RSA key of 1024 bits', { finds: {} }),
  shown('sha1', 'a signature with SHA-1', { finds: {} }),
  shown('wildcard', 'a certificate for all names of the domain', { finds: {} }),
  shown('cn-only', 'the name is in the subject alone', { finds: {} }),
  shown('for-clients', 'a certificate for clients', { finds: {} }),
  shown('authority', 'a certificate of an authority', { finds: {} }),
  shown('long-lived', 'a certificate for three years', { finds: {} }),
  shown('good', 'a good certificate under MTA-STS enforce', { policy: enforce, finds: {} }),
  shown('good', 'a good certificate under MTA-STS testing', {
    policy: { kind: 'sts', mode: 'testing' },
    finds: {},
  }),
  shown('good', 'the key of the TLSA record', { policy: { kind: 'dane', usage: 3, of: 'good' }, finds: {} }),
  shown('good-rsa', 'a TLSA record of another key', {
    policy: { kind: 'dane', usage: 3, of: 'nothing' },
    finds: {},
  }),
];
