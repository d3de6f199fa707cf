/** What the certificate says it is for, and how long it was made for. RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12. */
import { keyUsages, SERVER_AUTH } from '../../tls/extensions.ts';
import { entryOf } from '../catalogue.ts';
import { wordsAt } from '../elsewhere.ts';
import type { Finding } from '../finding.ts';
import { foundAt } from '../place.ts';
import { type Presented, showCertificate } from '../presented.ts';
import { effectAt, severityAt } from '../scrutiny.ts';

export function purposeFindings(one: Presented): readonly Finding[] {
  return [purposes(one), usage(one), authority(one), lifetime(one)];
}

function purposes(one: Presented): Finding {
  const { place, leaf } = one;
  const listed = leaf.extensions.purposes;
  const isMissing = listed?.includes(SERVER_AUTH) === false;
  const says =
    listed === undefined
      ? 'It names no purposes, so any.'
      : isMissing
        ? 'It is for other purposes only.'
        : 'It is for servers.';
  return foundAt(place, 'cert.eku-missing-serverauth', isMissing ? 'fail' : 'pass', {
    evidence: [showCertificate(one), says],
    severity: severityAt(place, { none: 'medium' }),
    why: `The certificate says that it is not for servers. ${effectAt(place)}`,
  });
}

/** By the names of IANA. Those of export have a key of their own, which the other one signs. */
const ENCRYPTED_TO_KEY = /^(?:TLS|SSL)_RSA_WITH_/;

/** RFC 5246 §7.4.2: what the server does with its key, the key usage has to allow. */
function usage(one: Presented): Finding {
  const { place, leaf, tls } = one;
  const { keyUsage } = leaf.extensions;
  const certificate = showCertificate(one);
  if (keyUsage === undefined)
    return foundAt(place, 'cert.keyusage', 'pass', { evidence: [certificate, 'It has no key usage.'] });
  // Every key exchange of today is signed, whatever was agreed on here.
  if ((keyUsage & keyUsages.digitalSignature) === 0)
    return foundAt(place, 'cert.keyusage', 'warn', {
      evidence: [certificate, 'Its key usage leaves signatures out.'],
    });
  if (ENCRYPTED_TO_KEY.test(tls.cipher) && (keyUsage & keyUsages.keyEncipherment) === 0)
    return foundAt(place, 'cert.keyusage', 'warn', {
      evidence: [
        certificate,
        `Agreed on: ${tls.version}, ${tls.cipher}`,
        'Its key usage has signatures only.',
      ],
      why: 'The server chose the key exchange RSA, which encrypts to its key, and the key usage of the certificate does not allow that. Clients with GnuTLS break off the handshake.',
      fix: wordsAt('tls.suite.rsa-kx', place.observation.endpoint.protocol).order(
        entryOf('tls.suite.rsa-kx').fix,
      ),
    });
  return foundAt(place, 'cert.keyusage', 'pass', {
    evidence: [certificate, 'Its key usage has signatures.'],
  });
}

function authority(one: Presented): Finding {
  const { place, leaf } = one;
  const isAuthority = leaf.extensions.basicConstraints?.ca === true;
  const says = isAuthority ? 'It is one of an authority (CA:TRUE).' : 'It is one of a server.';
  return foundAt(place, 'cert.is-ca', isAuthority ? 'warn' : 'pass', {
    evidence: [showCertificate(one), says],
  });
}

const aDay = 24 * 60 * 60 * 1000;
/** What public authorities were allowed to issue for last before limits fell below a year; some programs apply it to any. */
const LONGEST_MS = 398 * aDay;

function lifetime(one: Presented): Finding {
  const { place, from, until } = one;
  const days = Math.round((until - from) / aDay);
  const evidence = [showCertificate(one), `It was made for ${days} days.`];
  return foundAt(place, 'cert.lifetime', until - from > LONGEST_MS ? 'warn' : 'pass', { evidence });
}
