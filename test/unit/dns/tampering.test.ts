/**
 * Every lie about an answer that needs no signature to be broken. What comes of it is the truth, or that nothing is
 * known.
 *
 * `TAMPERED_RUNS` says how many random ones are run (12,000), `TAMPERED_SEED` which.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../../../src/dns/message.ts';
import type { Question } from '../../../src/dns/record.ts';
import { attackOn, namesOfLies, randomPlan, showCounts } from '../../support/dns/attack.ts';
import { type Conversation, faultOf, keyOf, play, record, shown } from '../../support/dns/conversation.ts';
import type { Memory } from '../../support/dns/drive.ts';
import { randomOf } from '../../support/dns/random.ts';
import { anchorsOf } from '../../support/dns/replay.ts';
import {
  anchor,
  ask,
  askBefore,
  askEarlier,
  forgers,
  isOverCap,
  now,
  walk,
} from '../../support/dns/world.ts';
import { notSecure, questions } from '../../support/dns/world-questions.ts';
import { readQuestion } from '../../support/dns/zone-text.ts';

const runs = Number(process.env['TAMPERED_RUNS'] ?? 12_000);
const seed = Number(process.env['TAMPERED_SEED'] ?? 1);

const conversations = new Map(questions.map((text) => [text, recorded(text, ask)]));
const all = [...conversations.values()];
const { counts, attempt, attemptMany } = attackOn({
  conversations: all,
  ask,
  askBefore,
  forgers,
  walk,
  isOverCap,
});

function recorded(text: string, by: typeof ask): Conversation {
  return record({ from: text, question: readQuestion(text), anchors: anchorsOf([anchor]), now }, by);
}

describe('without lies', () => {
  for (const [text, { truth }] of conversations) {
    it(`${text} is ${notSecure.get(text) ?? 'secure'}`, () => {
      assert.equal(truth.status, notSecure.get(text) ?? 'secure', truth.because);
      assert.equal(truth.kind === 'unknown', truth.status === 'bogus');
    });
  }
});

describe('lies about an answer: nothing false is believed', () => {
  for (const name of namesOfLies) {
    it(name, () => {
      const random = randomOf(seed);
      for (const conversation of all) {
        attempt(conversation, new Map([[keyOf(conversation.question), [name]]]), random);
      }
    });

    it(`${name}, on the way there`, () => {
      const random = randomOf(seed);
      for (const text of [
        'www.shut.leaf.test. A',
        'out.leaf.test. A',
        'nothing.hashed.test. A',
        'www.plain.test. A',
      ]) {
        const conversation = conversations.get(text);
        assert.ok(conversation !== undefined);
        for (const { question } of conversation.said) {
          attempt(conversation, new Map([[keyOf(question), [name]]]), random);
        }
      }
    });

    it(`${name}, in all that is said`, () => {
      const random = randomOf(seed);
      for (const conversation of all) {
        attempt(
          conversation,
          new Map(conversation.said.map(({ question }) => [keyOf(question), [name]])),
          random,
        );
      }
    });
  }

  it('several at once', () => attemptMany(runs, randomOf(seed)));

  it('and they are many', (context) => {
    context.diagnostic(showCounts(counts));
    assert.ok(counts.lies >= 20_000, showCounts(counts));
  });
});

describe('lies in one look-up, and what is kept of it for the next', () => {
  it('nothing false is believed then, and a minute later all is as it was', () => {
    const random = randomOf(seed);
    const honest = (question: Question, known: Message | undefined): Message => known ?? ask(question);
    for (let run = 0; run < runs / 12; run += 1) {
      const conversation = random.pick(all);
      const other = random.pick(all);
      if (conversation === undefined || other === undefined) continue;
      const memory: Memory = new Map();
      const plan = randomPlan(conversation, random);
      attempt(conversation, plan, random, memory);
      const what = `${other.from} after ${conversation.from}: ${JSON.stringify([...plan])}`;
      const next = play(other, honest, memory);
      if (!isOverCap(other.question))
        assert.equal(faultOf(other, next), undefined, `${what}; ${next.because}`);
      const later = play({ ...other, now: now + 60 }, honest, memory);
      assert.deepEqual([shown(later), later.status], [shown(other.truth), other.truth.status], what);
    }
  });
});

describe('an older answer whose signatures are still good', () => {
  for (const [text, conversation] of conversations) {
    if (conversation.truth.status !== 'secure') continue;
    it(`${text}: is all that comes of it`, () => {
      const told = play(conversation, (question, honest) =>
        question.name === conversation.question.name ? askEarlier(question) : (honest ?? ask(question)),
      );
      const possible = [conversation, recorded(text, askEarlier)].map(({ truth }) => shown(truth));
      assert.ok(told.kind === 'unknown' || possible.includes(shown(told)), shown(told));
    });
  }
});
