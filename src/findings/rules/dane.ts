/** DANE: whether mail hosts have TLSA records, whether those are good, and whether they fit what the hosts present. */
import { all, type PolicyLookUp } from '../../policies/look-ups.ts';
import type { CheckCase } from '../case.ts';
import { matchFindings } from '../dane/match.ts';
import { outlookFindings } from '../dane/outlook.ts';
import { placeOf } from '../dane/places.ts';
import { ownerFindings, partialFindings, presenceFindings } from '../dane/presence.ts';
import { recordFindings } from '../dane/records.ts';
import type { Finding } from '../finding.ts';

/** Judges the TLSA records of every host of the target; an address has none. */
export function* daneFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  if (theCase.facts === null) return [];
  const found = yield* all(theCase.hosts.map((host) => placeOf(theCase, host)));
  const places = found.filter((place) => place !== undefined);
  const owner = yield* ownerFindings(theCase, places);
  return [
    ...places.flatMap((place) => [
      ...presenceFindings(theCase, place),
      ...recordFindings(theCase, place),
      ...matchFindings(theCase, place),
      ...outlookFindings(theCase, place),
    ]),
    ...partialFindings(theCase, places),
    ...owner,
  ];
}
