import assert from 'node:assert/strict';
import { it } from 'node:test';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';
import { newHabits } from '../../../../src/net/dns/habits.ts';

const entropy = entropyFrom((octets) => new Uint8Array(octets));
const MINUTE = 60_000;

it('a resolver that takes EDNS for an error is asked without it, and with it again after a while', () => {
  let now = 0;
  const habits = newHabits(entropy, () => now);
  assert.equal(habits.manner().edns, true);
  habits.refusesEdns();
  assert.equal(habits.manner().edns, false);
  now = 14 * MINUTE;
  assert.equal(habits.edns, false);
  now = 15 * MINUTE;
  assert.equal(habits.edns, true);
});

it('case is given up for a resolver that has never kept it, three times by TCP', () => {
  const habits = newHabits(entropy, () => 0);
  habits.repeatedOverTcp(false);
  habits.repeatedOverTcp(false);
  assert.equal(habits.manner().spelling, entropy);
  habits.repeatedOverTcp(false);
  assert.equal(habits.keepsCase, false);
  assert.equal(habits.manner().spelling, undefined);
});

it('and never for one that has kept it once: what folds then is somebody else', () => {
  const habits = newHabits(entropy, () => 0);
  habits.repeatedOverTcp(true);
  for (let times = 0; times < 20; times += 1) habits.repeatedOverTcp(false);
  assert.equal(habits.keepsCase, true);
});

it('one that was given up too early is taken up again', () => {
  const habits = newHabits(entropy, () => 0);
  for (let times = 0; times < 5; times += 1) habits.repeatedOverTcp(false);
  habits.repeatedOverTcp(true);
  assert.equal(habits.keepsCase, true);
});
