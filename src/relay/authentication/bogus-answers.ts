/** Tells of answers of the DNS that DNSSEC finds wrong while mail from strangers is judged: seldom enough for a log. */
import type { Answer } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import type { Question } from '../../dns/record.ts';
import { showType } from '../../dns/show.ts';

type LookUp = (question: Question) => Promise<Answer>;

/** The message for which it was asked. */
interface About {
  readonly id: string;
  /** The address that it came from. */
  readonly client: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Whoever sends mail chooses the names, so there are this many lines in {@link QUIET_MS} at most, each for another name. */
const MOST_NAMES = 20;
const QUIET_MS = 3_600_000;

/** @returns makes of look-ups the same that also tell. */
export function bogusAnswers(
  tell: (what: string, about: Readonly<Record<string, unknown>>) => void,
): (lookUp: LookUp, about: About) => LookUp {
  const toldAt = new Map<string, number>();

  function isToBeTold(name: string, now: number): boolean {
    // Whichever way the clock was set.
    for (const [one, at] of toldAt) if (Math.abs(now - at) >= QUIET_MS) toldAt.delete(one);
    if (toldAt.has(name) || toldAt.size >= MOST_NAMES) return false;
    toldAt.set(name, now);
    return true;
  }

  return (lookUp, { id, client, at }) =>
    async (question) => {
      const answer = await lookUp(question);
      if (answer.status !== 'bogus') return answer;
      const name = showName(question.name);
      if (isToBeTold(name, at)) {
        const what = `the ${showType(question.type)} records of ${name} are bogus (DNSSEC), and count as unknown: ${answer.because}`;
        tell(what, { client, id });
      }
      return answer;
    };
}
