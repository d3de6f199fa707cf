/** What a check comes to for each inhabitant of the zoo. */
import { judgeRecording } from '../../src/findings/judge.ts';
import type { Lab } from '../lab/lab.ts';
import { testOnLab } from '../peers/support/check-lab.ts';
import type { CheckedDomain } from './domains.ts';
import { type Outcome, outcomeOf, withoutChance } from './expected.ts';
import type { SetUp } from './set-up.ts';
import { placeFor, visitPlace } from './visit.ts';

const aDay = 24 * 3600 * 1000;

/** Starts a real server, checks it, and ends it. */
export async function outcomeOfSetUp(one: SetUp, root: string): Promise<Outcome> {
  const place = placeFor(root);
  const running = await one.start(place);
  try {
    const { judged } = await visitPlace(one, place, running);
    return withoutChance(outcomeOf('servers', judged.findings), one.byChance ?? []);
  } finally {
    await running.close();
  }
}

/** Checks domains of a lab that runs, with its mail servers; each is visited once. */
export async function outcomesOfDomains(
  lab: Lab,
  domains: readonly CheckedDomain[],
): Promise<ReadonlyMap<string, Outcome>> {
  const names = [...new Set(domains.map(({ domain }) => domain))];
  const recordings = await testOnLab(lab, names, 'standard');
  return new Map(
    domains.flatMap(({ name, domain, days }) => {
      const recording = recordings.get(domain);
      if (recording === undefined) return [];
      const { findings } = judgeRecording(recording, recording.startedAt + days * aDay);
      return [[name, outcomeOf('domains', findings)] as const];
    }),
  );
}
