/** Drives dialogues of look-ups with what was recorded: the same answers give the same facts, at any time. */

import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import type { PolicyEffect, PolicyLookUp, PolicyReaction } from '../policies/look-ups.ts';
import type { Recording } from './recording.ts';
import { recordKey } from './recording.ts';

/** What a recording answers, ready to be looked up. */
export function driveRecorded<Outcome>(
  dialogue: PolicyLookUp<Outcome>,
  recording: Pick<Recording, 'answers' | 'fetched' | 'recalled'>,
): Outcome {
  const answers = keyed(recording.answers);
  const react = (effect: PolicyEffect): PolicyReaction => {
    switch (effect.kind) {
      case 'resolve':
        return {
          kind: 'resolved',
          answer: answers.get(recordKey(effect.question)) ?? notAsked(effect.question),
        };
      case 'fetch': {
        const found = recording.fetched.find(({ domain }) => domain === effect.domain);
        const because = 'the policy was not fetched in the run that was recorded';
        return {
          kind: 'fetched',
          outcome: found?.outcome ?? { kind: 'failed', fault: 'timeout', because, tls: undefined },
        };
      }
      case 'recall': {
        const found = recording.recalled.find(({ domain }) => domain === effect.domain);
        return { kind: 'recalled', recalled: found?.recalled ?? { sts: undefined, overrides: [] } };
      }
      case 'all':
        return { kind: 'outcomes', outcomes: effect.dialogues.map((one) => run(one)) };
    }
  };
  const run = <Result>(one: PolicyLookUp<Result>): Result => {
    let step = one.next();
    while (step.done !== true) step = one.next(react(step.value));
    return step.value;
  };
  return run(dialogue);
}

/** Of each recording: a judgement is driven in several parts. */
const known = new WeakMap<Recording['answers'], ReadonlyMap<string, Answer>>();

function keyed(answers: Recording['answers']): ReadonlyMap<string, Answer> {
  const before = known.get(answers);
  if (before !== undefined) return before;
  const all = new Map(answers.map((answer) => [recordKey(answer.question), answer]));
  known.set(answers, all);
  return all;
}

/** A question that the recorded run did not ask: nothing is known of it, which is never the same as nothing being there. */
function notAsked(question: Question): Answer {
  return {
    kind: 'unknown',
    question,
    status: 'indeterminate',
    ttl: 0,
    signedSince: null,
    signedUntil: null,
    owner: question.name,
    aliases: [],
    chain: [],
    because: 'it was not asked in the run that was recorded',
    errors: [],
    unproven: [],
  };
}
