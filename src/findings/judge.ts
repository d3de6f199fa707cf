/** Judges all that was learnt of a target: every finding, and what each kind of sender would do. */
import { all, type PolicyLookUp } from '../policies/look-ups.ts';
import type { CheckCase } from './case.ts';
import { severities } from './check.ts';
import { driveRecorded } from './drive-recorded.ts';
import type { Finding } from './finding.ts';
import { caseOf, learn } from './learn.ts';
import type { Recording } from './recording.ts';

export interface Judged {
  readonly theCase: CheckCase;
  /** The worst first, then in the order of the sections. */
  readonly findings: readonly Finding[];
}

/**
 * Judges a recording, without the network.
 *
 * @param now milliseconds since 1970: the moment of the run, or a later one, for which it is judged as if nothing had changed.
 */
export function judgeRecording(recording: Recording, now: number): Judged {
  const facts = driveRecorded(learn(recording.target, { now, jitter: 0, errand: 'delivery' }), recording);
  const theCase = caseOf(recording, facts, now);
  return { theCase, findings: driveRecorded(allFindings(theCase), recording) };
}

/** Every rule; those that need to know more than the case ask for it. */
export function* allFindings(_theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const asked = yield* all<readonly Finding[]>([]);
  const found = [...asked.flat()];
  return found.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
