/** What one target came to: judged, ready to be printed, and the little of it that a whole run adds up. */
import type { Severity } from '../../findings/check.ts';
import { futureOf, judgeAhead } from '../../findings/future.ts';
import { judgeRecording } from '../../findings/judge.ts';
import type { Profile } from '../../findings/profiles/profile.ts';
import type { Recording } from '../../findings/recording.ts';
import type { Parsed } from '../../names/domain.ts';
import type { PortSeen } from '../../scanner/port-blocked.ts';
import { octetsOf } from '../../scanner/shared.ts';
import { toReport } from './json.ts';
import type { Output } from './output.ts';
import { portSeenOf } from './port-watch.ts';
import type { Selection } from './selection.ts';
import { formatTarget } from './target.ts';
import type { ListPlace } from './targets.ts';
import { type Share, shareOf } from './totals.ts';

export interface JudgeTerms {
  readonly failOn: Severity;
  readonly selection: Selection;
  /** What is demanded; undefined: nothing beside what is found. */
  readonly profile: Profile | undefined;
  /** Milliseconds since 1970. */
  readonly failAt: number | undefined;
  /** Whether results are not to be judged again, and hold no recording. */
  readonly withoutRecording: boolean;
}

export interface Judgement {
  readonly share: Share;
  /** The servers that were visited. */
  readonly ports: readonly PortSeen[];
  /** About what it takes in memory until it is printed. */
  readonly octets: number;
  /** @param place the line of a list that named the target; null where there was none. */
  readonly print: (output: Output, place: ListPlace | null) => Promise<void>;
}

/** @returns what is wrong with `--fail-at` for what was seen then, or before. */
export function judge(
  { failAt, failOn, selection, profile, withoutRecording }: JudgeTerms,
  recording: Recording,
): Parsed<Judgement> {
  const { startedAt, target } = recording;
  if (failAt !== undefined && failAt <= startedAt) {
    const [then, seen] = [failAt, startedAt].map((at) => new Date(at).toISOString());
    return {
      kind: 'invalid',
      because: `${formatTarget(target)}: --fail-at ${then} is not after the check, ${seen}`,
    };
  }
  const now = judgeRecording(recording, startedAt);
  const foreseen =
    failAt === undefined
      ? null
      : {
          until: failAt,
          events: futureOf(recording, now.theCase, failAt, selection),
          judged: judgeAhead(recording, failAt),
        };
  const report = toReport({ recording, judged: now, foreseen, selection, profile, withoutRecording });
  const value: Judgement = {
    share: shareOf(report, failOn),
    ports: recording.observations.map(portSeenOf),
    octets: octetsWith(recording),
    print: (output, place) => output.print(report, recording, place),
  };
  return { kind: 'ok', value };
}

/** What is said of it has its evidence again. */
const TOLD = 4;

/** By what grows as strangers like: what servers said and showed, and records. */
function octetsWith({ observations, answers }: Recording): number {
  const records = answers.flatMap((answer) =>
    answer.kind === 'found' ? answer.records : answer.kind === 'unknown' ? answer.unproven : [],
  );
  return TOLD * (octetsOf(observations) + records.reduce((sum, { length }) => sum + length, 0));
}
