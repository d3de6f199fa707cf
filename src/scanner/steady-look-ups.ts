/** A list is not worked off while the resolver is down: what cannot be learnt then would be told of one domain after the other. */
import type { Answer } from '../dns/answer.ts';
import { showName } from '../dns/name.ts';
import type { Question } from '../dns/record.ts';
import { operatorOf } from './operator.ts';

type Resolve = (question: Question) => Promise<Answer>;

export interface SteadyParts {
  readonly resolve: Resolve;
  /** Past what is kept of the name. */
  readonly resolveAnew: Resolve;
  /** Waits so many milliseconds. */
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Hears that look-ups are held, and what came of it. */
  readonly onNotice: (text: string) => void;
}

/** So many domains without an answer, and none with one between them. */
const ROW = 20;
const TRY_EVERY_MS = 10_000;
/** A try takes up to 15 seconds itself where nobody answers. */
const MOST_TRIES = 5;
/** Of those without an answer so many are asked again each time. */
const ASKED_AGAIN = 3;
/** After waiting for nothing it is not done again before so many domains had an answer: a list may be one of dead domains. */
const LEAST_BETWEEN = 200;
/** Domains that are remembered as answered; a later answer for one of them may come from what is kept. */
const MOST_KNOWN = 50_000;

/** Look-ups that wait, two minutes at most, where those of 20 domains in a row came to nothing. */
export function steadily({ resolve, resolveAnew, sleep, onNotice }: SteadyParts): Resolve {
  const known = new Set<string>();
  /** Those in a row, each with a question that had no answer. */
  const row = new Map<string, Question>();
  let held: Promise<void> | undefined;
  /** Domains that have to be answered before look-ups are held again. */
  let due = 0;

  function answered(domain: string): void {
    if (known.has(domain)) return;
    if (known.size >= MOST_KNOWN) known.clear();
    known.add(domain);
    row.clear();
    due = Math.max(0, due - 1);
  }

  async function hold(because: string): Promise<void> {
    onNotice(
      `look-ups of ${ROW} domains in a row had no answer, and the others wait, two minutes at most: ${because}`,
    );
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      await sleep(TRY_EVERY_MS);
      const again = await Promise.all([...row.values()].slice(-ASKED_AGAIN).map(resolveAnew));
      if (!again.every(isTrouble)) {
        onNotice('there are answers again, and it goes on');
        row.clear();
        return;
      }
    }
    onNotice('there are still no answers; it goes on, and what cannot be learnt is told as untested');
    row.clear();
    due = LEAST_BETWEEN;
  }

  return async (question) => {
    const domain = operatorOf(showName(question.name));
    if (domain === undefined) return await resolve(question);
    if (held !== undefined) await held;
    const answer = await resolve(question);
    if (!isTrouble(answer)) {
      answered(domain);
      return answer;
    }
    if (held === undefined) {
      row.set(domain, question);
      if (row.size < ROW) return answer;
      if (due > 0) {
        row.clear();
        return answer;
      }
      held = hold(answer.because).finally(() => {
        held = undefined;
      });
    }
    await held;
    return await resolveAnew(question);
  };
}

/** What is bogus has an answer. */
function isTrouble({ kind, status }: Answer): boolean {
  return kind === 'unknown' && status !== 'bogus';
}
