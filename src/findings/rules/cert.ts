/** The certificates: one by one, and against each other. RFC 5280, RFC 9525, RFC 7672 §3; dates at the moment that is judged. */
import type { CheckCase } from '../case.ts';
import { type Finding } from '../finding.ts';
import { foundAt, type Place, placesOf } from '../place.ts';
import { isReadable, presentedAt, showCertificate } from '../presented.ts';
import { effectAt, severityAt } from '../scrutiny.ts';
import { dateFindings } from './cert-dates.ts';
import { differenceFindings } from './cert-differences.ts';
import { keyFindings } from './cert-keys.ts';
import { nameFindings } from './cert-names.ts';
import { pathFindings } from './cert-path.ts';
import { purposeFindings } from './cert-purpose.ts';

export function certFindings(theCase: CheckCase): readonly Finding[] {
  return [
    ...placesOf(theCase).flatMap((place) => atPlace(place)),
    ...theCase.hosts.flatMap((host) => differenceFindings(theCase, host)),
  ];
}

function atPlace(place: Place): readonly Finding[] {
  return presentedAt(place).flatMap((one) => {
    if (!isReadable(one))
      return [
        foundAt(place, 'cert.unparsable', 'fail', {
          evidence: [`The certificate cannot be read: ${one.because}`],
          severity: severityAt(place, { none: 'high', ee: 'high' }),
          why: `A certificate that cannot be read makes many clients break off the handshake, whatever they verify. ${effectAt(place)}`,
        }),
      ];
    return [
      foundAt(place, 'cert.unparsable', 'pass', { evidence: [showCertificate(one)] }),
      ...dateFindings(one),
      ...pathFindings(one),
      ...nameFindings(one),
      ...keyFindings(one),
      ...purposeFindings(one),
    ];
  });
}
