/** Drives dialogues of look-ups for policies. */
import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import type { Domain } from '../names/domain.ts';
import type { PolicyEffect, PolicyLookUp, PolicyReaction, Recalled } from '../policies/look-ups.ts';
import type { HttpsOutcome } from '../wire/https-answer.ts';

/** What carries out the effects. */
export interface PolicyHands {
  readonly resolve: (question: Question) => Promise<Answer>;
  readonly fetch: (domain: Domain) => Promise<HttpsOutcome>;
  readonly recall: (domain: Domain) => Recalled;
}

/** Runs a dialogue to its outcome. It rejects with what an effect is lost by, unless the dialogue takes that. */
export async function drive<Outcome>(dialogue: PolicyLookUp<Outcome>, hands: PolicyHands): Promise<Outcome> {
  let step = dialogue.next();
  while (step.done !== true) {
    let reaction: PolicyReaction;
    try {
      reaction = await carryOut(step.value, hands);
    } catch (error) {
      step = dialogue.throw(error);
      continue;
    }
    step = dialogue.next(reaction);
  }
  return step.value;
}

async function carryOut(effect: PolicyEffect, hands: PolicyHands): Promise<PolicyReaction> {
  switch (effect.kind) {
    case 'resolve':
      return { kind: 'resolved', answer: await hands.resolve(effect.question) };
    case 'fetch':
      return { kind: 'fetched', outcome: await hands.fetch(effect.domain) };
    case 'recall':
      return { kind: 'recalled', recalled: hands.recall(effect.domain) };
    case 'all': {
      const outcomes = await Promise.all(effect.dialogues.map((dialogue) => drive(dialogue, hands)));
      return { kind: 'outcomes', outcomes };
    }
  }
}
