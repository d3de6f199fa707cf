/** What the certificate says it is for, and how long it was made for. RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12. */
import { keyUsages, SERVER_AUTH } from '../../tls/extensions.ts';
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

/** A key exchange with forward secrecy is signed by the server; only the one of RSA without it needs keyEncipherment. */
function usage(one: Presented): Finding {
  const { place, leaf } = one;
  const { keyUsage } = leaf.extensions;
  const isMissing = keyUsage !== undefined && (keyUsage & keyUsages.digitalSignature) === 0;
  const says =
    keyUsage === undefined
      ? 'It has no key usage.'
      : isMissing
        ? 'Its key usage leaves signatures out.'
        : 'Its key usage has signatures.';
  return foundAt(place, 'cert.keyusage', isMissing ? 'warn' : 'pass', {
    evidence: [showCertificate(one), says],
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
