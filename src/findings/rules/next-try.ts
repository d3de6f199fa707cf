/** What is worth doing about a question that was not asked. */
import { connectionBudget } from '../endpoint.ts';
import type { VisitEnd } from '../observation.ts';
import type { Place, Said } from '../place.ts';

/**
 * Another try later, where the server did not let us; where it did, and the connections of the depth were spent on what tells
 * more, another try would end the same way.
 *
 * @param end of the connection before; undefined: it was asked, and what was answered is no answer.
 */
export function nextTry(
  place: Place,
  end: VisitEnd | undefined,
  laterMs: number,
): Pick<Said, 'fix' | 'retryAt'> {
  const { at, connections } = place.observation;
  const isWilling = end?.kind === 'complete' || end?.kind === 'without-tls';
  return isWilling && connections === connectionBudget.standard
    ? { fix: [{ who: 'tester', do: 'Check again with --depth deep, which has more connections.' }] }
    : { fix: [{ who: 'tester', do: 'Check again later.' }], retryAt: at + laterMs };
}
