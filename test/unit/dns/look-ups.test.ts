import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  all,
  ask,
  type LookUp,
  type LookUpEffect,
  type LookUpReaction,
  once,
  verify,
} from '../../../src/dns/look-ups.ts';
import { question } from '../../support/dns/server.ts';

const FAR = question('far.test', 1);
const failed = { kind: 'failed', because: 'why', errors: [] } as const;
const check = {
  algorithm: 13,
  publicKey: new Uint8Array(),
  data: new Uint8Array(),
  signature: new Uint8Array(),
};
const inner = ask(FAR);
const begin = function* (): LookUp<{ outcome: string; until: number; octets: number }> {
  yield* ask(FAR);
  return { outcome: 'kept', until: 0, octets: 0 };
};

const steps: readonly (readonly [LookUp<unknown>, LookUpEffect, LookUpReaction, unknown])[] = [
  [ask(FAR), { kind: 'ask', question: FAR }, { kind: 'answered', answer: failed }, failed],
  [verify(check), { kind: 'verify', check }, { kind: 'verified', good: true }, true],
  [all([inner]), { kind: 'all', dialogues: [inner] }, { kind: 'outcomes', outcomes: [1] }, [1]],
  [
    once('key', begin),
    { kind: 'once', key: 'key', dialogue: begin },
    { kind: 'outcome', outcome: 'kept' },
    'kept',
  ],
];

for (const [step, effect, reaction, outcome] of steps) {
  it(`${effect.kind} asks its driver for one thing and returns what that gives`, () => {
    assert.deepEqual(step.next(), { done: false, value: effect });
    assert.deepEqual(step.next(reaction), { done: true, value: outcome });
  });
}

it('a driver that answers something else is at fault, and told so', () => {
  const answered: LookUpReaction = { kind: 'answered', answer: failed };
  const cases: readonly (readonly [LookUp<unknown>, LookUpReaction])[] = [
    [ask(FAR), { kind: 'verified', good: true }],
    [verify(check), answered],
    [all([]), answered],
    [once('key', begin), answered],
  ];
  for (const [step, wrong] of cases) {
    step.next();
    assert.throws(() => step.next(wrong), /^Error: the driver answered (ask|verify|all|once) with/);
  }
});
