/** What the memory of TLS means for a destination whose sessions fall short of it. */
import { expectationAt } from '../../policies/memory/expect.ts';
import type { LookedUp } from './explained.ts';
import { hostPlan } from './layers.ts';
import { owner, type Problem, sender } from './remedies.ts';

export function memoryProblems({ facts }: LookedUp): readonly Problem[] {
  const { memory, domain, hosts } = facts;
  if (memory === undefined) return [];
  const expected = hosts.flatMap(({ facts: host }) => expectationAt(facts, host.host, hostPlan(host)) ?? []);
  const short = expected.find(({ track }) => track.against !== null);
  if (short === undefined) return [];
  const follows =
    memory.mode === 'enforce'
      ? 'Mail waits until TLS is as it was, or the memory gives way.'
      : 'No mail waits for that ([memory] mode observe).';
  return [
    {
      says: `Sessions fall short of what was reached before: ${short.because}. ${follows}`,
      fix: [
        owner(
          `Bring back the TLS that the mail hosts of ${domain} had; or publish what holds now, by DANE or MTA-STS.`,
        ),
        sender(
          'See in the log of the relay whether other domains "fell short of what is remembered" at the same time: then TLS is taken away near you.',
        ),
        sender(
          'Only if the owner tells you, and not by mail, that it is meant so, forget what was seen.',
          `waxwing policy purge ${domain}`,
        ),
      ],
    },
  ];
}
