/** Whether key and signature are strong enough to prove something. RFC 9325 §4.5, RFC 8446 §4.4.2.4. */

import { nameOf, type PathCertificate } from '../../tls/path-rules.ts';
import { type RsaFlaw, rsaFlaw } from '../../tls/rsa-flaws.ts';
import { signatureDigest } from '../../tls/signature-digest.ts';
import { weaknessOfKey } from '../../tls/strength.ts';
import type { CheckId } from '../catalogue.ts';
import type { Severity } from '../check.ts';
import type { Finding } from '../finding.ts';
import { foundAt } from '../place.ts';
import { type Presented, showCertificate } from '../presented.ts';

export function keyFindings(one: Presented): readonly Finding[] {
  const type = one.leaf.key.asymmetricKeyType;
  const ofKey = type === 'rsa' || type === 'rsa-pss' ? rsa(one) : curve(one);
  return [...ofKey, ...signatures(one)];
}

const LEAST_BITS = 2048;
const USUAL_EXPONENT = 65_537n;

function rsa(one: Presented): readonly Finding[] {
  const { place, leaf } = one;
  const { modulusLength = 0, publicExponent = 0n } = leaf.key.asymmetricKeyDetails ?? {};
  const evidence = [showCertificate(one), `An RSA key of ${modulusLength} bits, exponent ${publicExponent}.`];
  const isShort = modulusLength < LEAST_BITS;
  const flaw = rsaFlaw(leaf.key);
  return [
    foundAt(place, 'cert.key.rsa-short', isShort ? 'fail' : 'pass', { evidence }),
    foundAt(place, 'cert.key.exponent', publicExponent < USUAL_EXPONENT ? 'fail' : 'pass', { evidence }),
    foundAt(place, 'cert.key.known-compromised', flaw === undefined ? 'pass' : 'fail', {
      evidence: flaw === undefined ? evidence : [...evidence, flaws[flaw]],
    }),
  ];
}

const flaws: Readonly<Record<RsaFlaw, string>> = {
  roca: 'The key was made by the library of Infineon that leaves a mark in every key (CVE-2017-15361, ROCA).',
  'close-primes':
    'The two primes lie close together, and were found by the method of Fermat (CVE-2022-26320 and its like).',
  'small-factor': 'The key has a small factor.',
};

function curve(one: Presented): readonly Finding[] {
  const { place, leaf } = one;
  const { namedCurve = leaf.key.asymmetricKeyType ?? 'unknown' } = leaf.key.asymmetricKeyDetails ?? {};
  const weakness = weaknessOfKey(leaf.key, leaf.raw.spki);
  const evidence = [showCertificate(one), `Its key: ${weakness ?? namedCurve}.`];
  return [foundAt(place, 'cert.key.ec-weak', weakness === undefined ? 'pass' : 'fail', { evidence })];
}

const digestIds: Readonly<Partial<Record<ReturnType<typeof signatureDigest>, readonly [CheckId, Severity]>>> =
  {
    md2: ['cert.sig.md5', 'critical'],
    md5: ['cert.sig.md5', 'critical'],
    sha1: ['cert.sig.sha1', 'high'],
    sha224: ['cert.sig.sha224', 'low'],
  };

/** Of every certificate that somebody else has signed; nobody looks at the signature of a root. */
function signatures(one: Presented): readonly Finding[] {
  const { place, leaf, others } = one;
  const signed = [leaf, ...others.filter((other) => !isSelfIssued(other))];
  const weak = signed.flatMap((certificate) => {
    const found = digestIds[signatureDigest(certificate.raw.signatureAlgorithm)];
    return found === undefined ? [] : [{ id: found[0], severity: found[1], certificate }];
  });
  const told = weak.map(({ id, severity, certificate }) =>
    foundAt(place, id, 'fail', {
      evidence: [showCertificate(one), `Signed so: ${nameOf(certificate)}.`],
      severity,
    }),
  );
  const ids = ['cert.sig.md5', 'cert.sig.sha1', 'cert.sig.sha224'] as const;
  const evidence = [showCertificate(one), `Signed with ${signed.map(digestShown).join(', ')}.`];
  return [
    ...told,
    ...ids
      .filter((id) => !weak.some((found) => found.id === id))
      .map((id) => foundAt(place, id, 'pass', { evidence })),
  ];
}

function digestShown({ raw, x509 }: PathCertificate): string {
  const digest = signatureDigest(raw.signatureAlgorithm);
  return digest === 'other'
    ? (x509.publicKey.asymmetricKeyType ?? 'another algorithm')
    : digest.toUpperCase();
}

function isSelfIssued({ raw }: PathCertificate): boolean {
  return Buffer.compare(raw.subject, raw.issuer) === 0;
}
