/** Attacks on conversations: which lies are told when, and how they came out. */
import assert from 'node:assert/strict';
import type { Message } from '../../../src/dns/message.ts';
import type { Question } from '../../../src/dns/record.ts';
import { type Conversation, faultOf, keyOf, play, type Told } from './conversation.ts';
import type { Memory } from './drive.ts';
import { lies } from './lies.ts';
import type { Random } from './random.ts';
import type { Forger, Walked } from './tamper.ts';

/** What is attacked, and what with. */
export interface Field {
  readonly conversations: readonly Conversation[];
  /** What an honest resolver says to a question that no conversation has; undefined for no answer. */
  readonly ask: (question: Question) => Message | undefined;
  /** What was answered in the past; its signatures have expired. */
  readonly askBefore: (question: Question) => Message | undefined;
  readonly forgers: readonly Forger[];
  readonly walk: readonly Walked[];
  /** Zones whose NSEC3 ask for more rounds than the cap: who tampers can make them insecure, and that is known. */
  readonly isOverCap: (question: Question) => boolean;
}

/** What is said in place of honest answers: names of lies, told one after the other, by the question's key. */
export type Plan = ReadonlyMap<string, readonly string[]>;

export interface Counts {
  lies: number;
  'the truth all the same': number;
  insecure: number;
  unknown: number;
}

export interface Attack {
  readonly counts: Readonly<Counts>;
  /**
   * Plays a conversation with lies. @throws AssertionError where something false is believed.
   *
   * @param memory what is kept from look-up to look-up; absent for nothing.
   */
  readonly attempt: (conversation: Conversation, plan: Plan, random: Random, memory?: Memory) => void;
  /** Plays random conversations with up to three lies each. */
  readonly attemptMany: (runs: number, random: Random) => void;
}

export const namesOfLies: readonly string[] = Object.keys(lies);

export function attackOn(field: Field): Attack {
  const counts = { lies: 0, 'the truth all the same': 0, insecure: 0, unknown: 0 };
  const said = field.conversations.flatMap((one) => one.said);
  const pool = [...new Map(said.map((one) => [keyOf(one.question), one.message])).values()];
  const { forgers, walk } = field;

  const attempt: Attack['attempt'] = (conversation, plan, random, memory) => {
    let lied = false;
    const tell = (question: Question, honest: Message | undefined): Told => {
      let message: Told = honest ?? field.ask(question) ?? 'nothing';
      for (const name of plan.get(keyOf(question)) ?? []) {
        if (message === 'nothing') break;
        const ring = { random, question, pool, older: field.askBefore(question), forgers, walk };
        const lie: Told | undefined = lies[name]?.(message, ring);
        lied ||= lie !== undefined;
        message = lie ?? message;
      }
      return message;
    };
    const told = play(conversation, tell, memory);
    if (!lied) return;
    counts.lies += 1;
    if (told.kind === 'unknown') counts.unknown += 1;
    else if (told.status === 'secure') counts['the truth all the same'] += 1;
    else counts.insecure += 1;
    if (field.isOverCap(conversation.question) && told.status === 'insecure') return;
    const shown = [...plan].map(([key, lie]) => `${JSON.stringify(key)}: ${lie.join(', ')}`).join('; ');
    assert.equal(faultOf(conversation, told), undefined, `${conversation.from}: ${shown}; ${told.because}`);
  };

  const attemptMany = (runs: number, random: Random): void => {
    for (let run = 0; run < runs; run += 1) {
      const conversation = random.pick(field.conversations);
      if (conversation !== undefined) attempt(conversation, randomPlan(conversation, random), random);
    }
  };

  return { counts, attempt, attemptMany };
}

export function showCounts(counts: Readonly<Counts>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${what}: ${count}`)
    .join(', ');
}

export function randomPlan({ said }: Conversation, random: Random): Plan {
  const plan = new Map<string, readonly string[]>();
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const one = random.pick(said);
    const name = random.pick(namesOfLies);
    if (one === undefined || name === undefined) continue;
    const key = keyOf(one.question);
    plan.set(key, [...(plan.get(key) ?? []), name]);
  }
  return plan;
}
