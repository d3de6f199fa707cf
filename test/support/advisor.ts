/** A desk of the advisor whose look-ups a test answers. */
import type { Desk, DeskParts } from '../../src/advisor/desk.ts';
import { type AnswerKind, openDesk } from '../../src/advisor/desk.ts';
import type { Learnt, Target } from '../../src/lookup/engine.ts';
import { startDeadlines } from '../../src/net/deadlines.ts';
import type { Rules } from '../../src/policies/demand.ts';
import type { DestinationFacts } from '../../src/policies/destination.ts';
import { factsOf } from './destinations.ts';

export const mayRules: Rules = { route: undefined, defaultLevel: 'may' };

/** What a desk was asked, and what it has counted. */
export interface WatchedDesk {
  readonly desk: Desk;
  readonly asked: Target[];
  /** `policy`, or `policy kept` for one that was kept. */
  readonly answers: string[];
  readonly errors: string[];
  /** Milliseconds. */
  now: number;
}

/** @param learn by default facts of example.test, for whatever is asked, that hold for an hour. */
export function watchedDesk(
  learn: (target: Target) => Promise<Learnt> = () => Promise.resolve(learnt()),
  change: Partial<DeskParts> = {},
): WatchedDesk {
  const asked: Target[] = [];
  const answers: string[] = [];
  const errors: string[] = [];
  const watched: Omit<WatchedDesk, 'desk'> = { asked, answers, errors, now: 0 };
  const desk = openDesk({
    learn(target) {
      asked.push(target);
      return learn(target);
    },
    deadlines: startDeadlines(20),
    now: () => watched.now,
    counters: {
      answered: (kind: AnswerKind, kept: boolean) => void answers.push(kept ? `${kind} kept` : kind),
      lookedUp: () => undefined,
    },
    lookUps: { count: 0 },
    most: () => 1_000,
    onError: (what) => void errors.push(what),
    ...change,
  });
  return Object.assign(watched, { desk });
}

export function learnt(facts: DestinationFacts = factsOf(), forMs = 3_600_000): Learnt {
  return { facts, forMs };
}
