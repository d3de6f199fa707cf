/** MTA-STS: the record, the policy host, the policy, and whether the mail hosts are what it says. */
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import type { CheckCase } from '../case.ts';
import type { Finding } from '../finding.ts';
import { changeFindings } from '../mtasts/change.ts';
import { careFindings, contentFindings } from '../mtasts/content.ts';
import { coverageFindings } from '../mtasts/coverage.ts';
import { gatherSts } from '../mtasts/gather.ts';
import { hostFindings } from '../mtasts/host.ts';
import { recordFindings } from '../mtasts/record.ts';
import { takesNoMail } from './parked.ts';

/** Judges the MTA-STS of a domain that takes mail; hosts by themselves have none that a check is about. */
export function* mtastsFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const { facts, now, target } = theCase;
  if (target.kind !== 'domain' || facts === null) return [];
  if (facts.way.kind === 'no-such-domain' || takesNoMail(theCase)) return [];
  const seen = yield* gatherSts(facts);
  if (seen === undefined) return [];
  const ofRecord = yield* recordFindings(seen, now);
  return [
    // What would keep mail away once a policy is in effect stands before what brings it into effect.
    ...coverageFindings(theCase, seen),
    ...ofRecord,
    ...hostFindings(seen, now),
    ...careFindings(seen, now),
    ...contentFindings(seen, now),
    ...changeFindings(seen, now),
  ];
}
