/** Runs look-ups over answers that a function gives: one after the other, without sockets, for tests. */
import type { Asked, Kept, LookUp, LookUpReaction, SignatureCheck } from '../../../src/dns/look-ups.ts';
import type { Question } from '../../../src/dns/record.ts';

export interface Hands {
  readonly ask: (question: Question) => Asked;
  readonly verify: (check: SignatureCheck) => boolean;
  /** Seconds since 1970: until when an outcome of `once` is kept. */
  readonly now: number;
}

/** What `once` has kept, from look-up to look-up. */
export type Memory = Map<string, Kept<unknown> | 'under way'>;

/** @throws Error where a dialogue waits for itself. */
export function drive<Outcome>(dialogue: LookUp<Outcome>, hands: Hands, kept: Memory = new Map()): Outcome {
  const run = <Any>(one: LookUp<Any>): Any => {
    let step = one.next();
    while (step.done !== true) {
      const effect = step.value;
      let reaction: LookUpReaction;
      if (effect.kind === 'ask') reaction = { kind: 'answered', answer: hands.ask(effect.question) };
      else if (effect.kind === 'verify') reaction = { kind: 'verified', good: hands.verify(effect.check) };
      else if (effect.kind === 'all') reaction = { kind: 'outcomes', outcomes: effect.dialogues.map(run) };
      else reaction = { kind: 'outcome', outcome: once(effect.key, effect.dialogue) };
      step = one.next(reaction);
    }
    return step.value;
  };
  const once = (key: string, begin: () => LookUp<Kept<unknown>>): unknown => {
    const before = kept.get(key);
    if (before === 'under way') throw new Error(`${key} waits for itself`);
    if (before !== undefined && before.until > hands.now) return before.outcome;
    kept.set(key, 'under way');
    const outcome = run(begin());
    kept.set(key, outcome);
    return outcome.outcome;
  };
  return run(dialogue);
}
