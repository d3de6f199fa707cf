/** Checks of this section, by id. */
import type { Catalogue, CheckEntry, Remedy } from '../check.ts';
import { certificateFiles, program } from './remedies.ts';

const renew = (what: string): Remedy => program(what, certificateFiles);

const NOBODY = 'No policy has senders verify the certificate, so that mail is delivered all the same.';

const newKey: Remedy = renew(
  'Make a new key and have a certificate issued for it. Where TLSA records of usage 3 name the old key, publish the new one beside it first, and wait until the old answers have run out.',
);

const reissue: Remedy = renew(
  'Have a new certificate issued, by an authority or a configuration that does not do so.',
);

function weak(
  title: string,
  severity: CheckEntry['severity'],
  why: string,
  fix: Remedy,
  reference: string,
): CheckEntry {
  return { title, severity, why, fix: [fix], reference };
}

export const certChecks = {
  'cert.unparsable': {
    title: 'form of the certificate',
    severity: 'critical',
    why: 'The certificate cannot be read: many clients break off the handshake, whatever they verify.',
    fix: [reissue],
    reference: 'RFC 5280 §4.1',
  },
  'cert.expired': {
    title: 'expiry of the certificate',
    severity: 'low',
    why: `The certificate has expired. ${NOBODY}`,
    fix: [
      renew(
        'Renew the certificate, see that the renewal runs by itself, and that the server is told of the new file (most read it only at a reload).',
      ),
    ],
    reference: 'RFC 5280 §4.1.2.5, RFC 8460 §4.3.1',
  },
  'cert.not-yet-valid': {
    title: 'first day of the certificate',
    severity: 'low',
    why: `The certificate is not valid yet. ${NOBODY}`,
    fix: [renew('Set the clock of the server or of the authority right, or wait with the new certificate.')],
    reference: 'RFC 5280 §4.1.2.5',
  },
  'cert.expiring': {
    title: 'renewal of the certificate',
    severity: 'low',
    why: 'The certificate will be over soon, and it should have been renewed by now.',
    fix: [
      renew(
        'Renew the certificate now, and find out why that did not happen by itself: the log of the ACME client says it; where a new file is there already, the server has not been told (reload it).',
      ),
    ],
    reference: 'RFC 5280 §4.1.2.5',
  },
  'cert.chain.expired': {
    title: 'expiry of the certificates of the authorities',
    severity: 'low',
    why: `A certificate of an authority, presented beside the server's own, is over. ${NOBODY}`,
    fix: [
      renew(
        'Put the current certificates of the authority behind the one of the server; a renewal brings them along.',
      ),
    ],
    reference: 'RFC 5280 §6.1.3',
  },
  'cert.self-signed': {
    title: 'certificate signed by its own key',
    severity: 'medium',
    why: `The certificate is signed by its own key. ${NOBODY}`,
    fix: [
      renew(
        'Have a certificate issued by a public authority, for nothing by ACME; or publish a TLSA record 3 1 1 for this key in a signed zone, for senders that honour DANE.',
      ),
    ],
    reference: 'RFC 8461 §4.2, RFC 8460 §4.3.1',
  },
  'cert.untrusted': {
    title: 'authority of the certificate',
    severity: 'medium',
    why: `The certificates lead to no authority that is generally trusted. ${NOBODY}`,
    fix: [renew('Have a certificate issued by a public authority, for nothing by ACME.')],
    reference: 'RFC 8461 §4.2, RFC 8460 §4.3.1',
  },
  'cert.chain.incomplete': {
    title: 'intermediate certificates',
    severity: 'medium',
    why: `The server presents its own certificate without the one that leads to the root. ${NOBODY}`,
    fix: [
      renew(
        'Put the intermediate certificates behind the one of the server: ACME clients write both into fullchain.pem, which belongs into the configuration in place of cert.pem.',
      ),
    ],
    reference: 'RFC 8446 §4.4.2',
  },
  'cert.chain.order': {
    title: 'order of the certificates',
    severity: 'low',
    why: 'The certificates are not presented in their order, or some belong to no chain. Most programs sort them out, some old ones do not.',
    fix: [
      renew(
        "Put the server's own certificate first, then the one that signed it, and so on, and nothing else.",
      ),
    ],
    reference: 'RFC 8446 §4.4.2',
  },
  'cert.chain.root-sent': {
    title: 'root among the certificates',
    severity: 'info',
    why: 'The root certificate is presented, too. Who trusts it has it; it only makes the handshake longer. Under DANE with usage 2 it belongs there, where the TLSA record names it.',
    fix: [renew('Leave the last certificate out, unless a TLSA record of usage 2 names it.')],
    reference: 'RFC 8446 §4.4.2, RFC 7671 §5.2.2',
  },
  'cert.name-mismatch': {
    title: 'names in the certificate',
    severity: 'low',
    why: `The certificate is for other names than that of the host. ${NOBODY}`,
    fix: [
      renew(
        'Have a certificate issued that names mx.example.com in its subjectAltName: the name in the MX record counts, not the domain of the mail.',
      ),
    ],
    reference: 'RFC 9525 §6, RFC 8461 §4.2, RFC 7672 §3.2',
  },
  'cert.cn-only': {
    title: 'place of the name in the certificate',
    severity: 'low',
    why: `The name of the host stands in the common name only, where hardly any program looks for it any more. ${NOBODY}`,
    fix: [renew('Have a certificate issued that names mx.example.com in its subjectAltName.')],
    reference: 'RFC 9525 §6, RFC 7672 §3.2.3',
  },
  'cert.wildcard': {
    title: 'wildcard in the certificate',
    severity: 'info',
    why: 'The certificate is for every host of the zone. It works; whoever gets hold of its key can be any of them.',
    fix: [renew('Where each host can have its own certificate, give it one.')],
    reference: 'RFC 9525 §7.1',
  },
  'cert.lifetime': {
    title: 'lifetime of the certificate',
    severity: 'info',
    why: 'The certificate was made for longer than any public authority may. That is fine for a private one; some mail programs refuse it.',
    fix: [renew('Where programs complain, have it issued for a shorter time, and renewed by itself.')],
    reference: 'CA/Browser Forum Baseline Requirements §6.3.2',
  },
  'cert.key.rsa-short': weak(
    'length of the RSA key',
    'critical',
    'The RSA key is too short. Current TLS libraries refuse it in the handshake, so that mail comes in clear or not at all; and it can be broken with enough money.',
    newKey,
    'RFC 9325 §4.5',
  ),
  'cert.key.exponent': weak(
    'exponent of the RSA key',
    'high',
    'The exponent of the RSA key is smaller than it should be. Mistakes of programs that check signatures become forgeries with such keys.',
    newKey,
    'NIST FIPS 186-5 A.1.1',
  ),
  'cert.key.ec-weak': weak(
    'kind of the key',
    'high',
    'The key is of a kind, or on a curve, that is too weak or not generally known. Clients break off the handshake.',
    newKey,
    'RFC 9325 §4.5',
  ),
  'cert.key.known-compromised': weak(
    'secrecy of the key',
    'critical',
    'The private key can be computed from the certificate. Anybody can pretend to be this server, whatever the policies say.',
    newKey,
    'CVE-2017-15361, CVE-2022-26320',
  ),
  'cert.sig.md5': weak(
    'signatures with MD5',
    'critical',
    'A certificate is signed with MD5, for which forgeries can be made on a laptop. Clients refuse it.',
    reissue,
    'RFC 8446 §4.4.2.4',
  ),
  'cert.sig.sha1': weak(
    'signatures with SHA-1',
    'high',
    'A certificate is signed with SHA-1, for which forgeries can be bought. Current TLS libraries refuse it.',
    reissue,
    'RFC 8446 §4.4.2.4',
  ),
  'cert.sig.sha224': weak(
    'signatures with SHA-224',
    'low',
    'A certificate is signed with SHA-224, which has no room left, and is in no profile any more.',
    reissue,
    'RFC 8446 §4.2.3',
  ),
  'cert.eku-missing-serverauth': weak(
    'purposes of the certificate',
    'high',
    'The certificate says that it is not for servers.',
    renew('Have a certificate issued whose extended key usage names servers (serverAuth).'),
    'RFC 5280 §4.2.1.12',
  ),
  'cert.keyusage': weak(
    'key usage of the certificate',
    'medium',
    'The key usage of the certificate leaves out what the server does with its key: signing, which every key exchange of today needs, or being encrypted to, as the old one of RSA is. Careful clients break off the handshake.',
    renew('Have a certificate issued whose key usage has digitalSignature.'),
    'RFC 5280 §4.2.1.3, RFC 5246 §7.4.2, RFC 8446 §4.4.2.2',
  ),
  'cert.is-ca': weak(
    "certificate of an authority in place of a server's",
    'medium',
    'The certificate is one of an authority. Whoever gets hold of the key of the mail server can issue certificates with it, and some clients refuse such a one.',
    renew('Have a certificate issued for the server, and keep the key of the authority elsewhere.'),
    'RFC 5280 §4.2.1.9',
  ),
  'cert.differs-by-ip': weak(
    'certificates at each address',
    'medium',
    'The addresses of the host show different certificates. Where one of them is out of date or for other names, some messages fail and others do not.',
    renew('Give all servers behind the name certificates for that name, renewed together.'),
    'RFC 7672 §2.2',
  ),
  'cert.differs-by-alg': weak(
    'certificates for each kind of key',
    'medium',
    'The server has two certificates, for clients of either kind of key, and they are not worth the same. Which of them a sender gets depends on its TLS library.',
    renew('Have both certificates issued for the same names, by a trusted authority, and renewed together.'),
    'RFC 8446 §4.4.2.2',
  ),
} as const satisfies Catalogue;
