/** Drives dialogues of look-ups. */
import type { Asked, Kept, LookUp, LookUpEffect, LookUpReaction } from '../../dns/look-ups.ts';
import type { Question } from '../../dns/record.ts';
import { asError } from '../run.ts';
import { boundedCache } from './bounded-cache.ts';
import type { Verify } from './verify.ts';

/** What carries out the effects. */
export interface Hands {
  /** @returns what is known already; otherwise one of the functions is called, later. */
  readonly ask: (
    question: Question,
    done: (asked: Asked) => void,
    lost: (error: Error) => void,
  ) => Asked | undefined;
  readonly verify: Verify;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** How a dialogue, or an effect of it, ends. */
export interface Ends<Outcome> {
  readonly done: (outcome: Outcome) => void;
  readonly failed: (error: Error) => void;
}

/** The keys of `once` under which a dialogue runs, the innermost first. */
interface Under {
  readonly key: string;
  readonly within: Under | undefined;
}

/** Outcomes that `once` keeps: keys and delegations of zones. */
const KEPT = { entries: 10_000, octets: 24 << 20 };

export class Driver {
  readonly #hands: Hands;
  readonly #kept = boundedCache<{ readonly outcome: unknown }>(KEPT);
  readonly #running = new Map<string, Ends<unknown>[]>();

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  /** Runs a dialogue to its outcome. It fails by what the dialogue throws, which may be what an effect was lost by. */
  start<Outcome>(dialogue: LookUp<Outcome>, ends: Ends<Outcome>): void {
    this.#drive(dialogue, undefined, ends);
  }

  /** Forgets what `once` has kept. */
  forget(): void {
    this.#kept.clear();
  }

  /** Steps the dialogue as long as reactions are there at once: nothing waits for another turn of the event loop. */
  #drive<Outcome>(dialogue: LookUp<Outcome>, under: Under | undefined, ends: Ends<Outcome>): void {
    const advance = (first: LookUpReaction | Error | undefined): void => {
      for (let given = first; ; ) {
        let result: IteratorResult<LookUpEffect, Outcome>;
        try {
          result = resumed(dialogue, given);
        } catch (error) {
          ends.failed(asError(error));
          return;
        }
        if (result.done === true) {
          ends.done(result.value);
          return;
        }
        try {
          given = this.#carryOut(result.value, under, later);
        } catch (error) {
          given = asError(error);
        }
        if (given === undefined) return;
      }
    };
    const later: Ends<LookUpReaction> = { done: advance, failed: advance };
    advance(undefined);
  }

  /** @returns the reaction where there is one at once; otherwise `ends` is told, later. */
  #carryOut(
    effect: LookUpEffect,
    under: Under | undefined,
    ends: Ends<LookUpReaction>,
  ): LookUpReaction | undefined {
    switch (effect.kind) {
      case 'ask': {
        const done = (answer: Asked): void => ends.done({ kind: 'answered', answer });
        const answer = this.#hands.ask(effect.question, done, ends.failed);
        return answer === undefined ? undefined : { kind: 'answered', answer };
      }
      case 'verify': {
        const good = this.#hands.verify(effect.check, (verdict) =>
          ends.done({ kind: 'verified', good: verdict }),
        );
        return good === undefined ? undefined : { kind: 'verified', good };
      }
      case 'all':
        return atOnce(ends, (later: Ends<LookUpReaction>) => this.#driveAll(effect.dialogues, under, later));
      case 'once': {
        const kept = this.#kept.get(effect.key, this.#hands.clock());
        if (kept !== undefined) return { kind: 'outcome', outcome: kept.outcome };
        return atOnce(ends, (later: Ends<LookUpReaction>) =>
          this.#driveOnce(effect.key, effect.dialogue, under, later),
        );
      }
    }
  }

  #driveAll(
    dialogues: readonly LookUp<unknown>[],
    under: Under | undefined,
    ends: Ends<LookUpReaction>,
  ): void {
    const outcomes: unknown[] = Array.from({ length: dialogues.length });
    let left = dialogues.length;
    let failed = false;
    if (left === 0) ends.done({ kind: 'outcomes', outcomes });
    for (const [index, dialogue] of dialogues.entries()) {
      this.#drive(dialogue, under, {
        done: (outcome) => {
          outcomes[index] = outcome;
          left -= 1;
          if (left === 0) ends.done({ kind: 'outcomes', outcomes });
        },
        // The others go on, and are heard by nobody.
        failed: (error) => {
          if (!failed) ends.failed(error);
          failed = true;
        },
      });
    }
  }

  #driveOnce(
    key: string,
    dialogue: () => LookUp<Kept<unknown>>,
    under: Under | undefined,
    ends: Ends<LookUpReaction>,
  ): void {
    const { clock } = this.#hands;
    // It would wait for itself.
    if (isUnder(key, under)) throw new Error(`the look-up ${JSON.stringify(key)} needs itself`);
    const waiter: Ends<unknown> = {
      done: (outcome) => ends.done({ kind: 'outcome', outcome }),
      failed: ends.failed,
    };
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.push(waiter);
      return;
    }
    const waiters = [waiter];
    const first = dialogue();
    this.#running.set(key, waiters);
    this.#drive(
      first,
      { key, within: under },
      {
        done: ({ outcome, until, octets }) => {
          this.#running.delete(key);
          if (until * 1000 > clock()) this.#kept.set(key, { outcome }, octets, until * 1000);
          for (const { done } of waiters.splice(0)) done(outcome);
        },
        failed: (error) => {
          this.#running.delete(key);
          for (const one of waiters.splice(0)) one.failed(error);
        },
      },
    );
  }
}

/** Starts a dialogue, or resumes it with a reaction or by an error. */
function resumed<Outcome>(
  dialogue: LookUp<Outcome>,
  given: LookUpReaction | Error | undefined,
): IteratorResult<LookUpEffect, Outcome> {
  if (given === undefined) return dialogue.next();
  return given instanceof Error ? dialogue.throw(given) : dialogue.next(given);
}

/**
 * Starts what may end at once or later.
 *
 * @returns the reaction where it ended at once; otherwise `ends` is told. So a dialogue is never resumed by itself.
 */
function atOnce(
  ends: Ends<LookUpReaction>,
  start: (ends: Ends<LookUpReaction>) => void,
): LookUpReaction | undefined {
  let now: { readonly reaction: LookUpReaction } | { readonly error: Error } | undefined;
  let returned = false;
  start({
    done: (reaction) => {
      if (returned) ends.done(reaction);
      else now = { reaction };
    },
    failed: (error) => {
      if (returned) ends.failed(error);
      else now = { error };
    },
  });
  returned = true;
  return now === undefined ? undefined : reactionIn(now);
}

function reactionIn(
  ended: { readonly reaction: LookUpReaction } | { readonly error: Error },
): LookUpReaction {
  if ('error' in ended) throw ended.error;
  return ended.reaction;
}

function isUnder(key: string, under: Under | undefined): boolean {
  for (let at = under; at !== undefined; at = at.within) if (at.key === key) return true;
  return false;
}
