import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Admission, startPace } from '../../../src/relay/pace.ts';

const schedule = { retryAfterMs: [1_000, 5_000], jitter: 0, giveUpAfterMs: 1e9, warnAfterMs: 1e8 };
const dead = { kind: 'nobody', because: 'no answer' } as const;
const alive = { kind: 'host' } as const;

function pace(connections = 100, connectionsPerDestination = 8) {
  const clock = { now: 0 };
  const world = { now: () => clock.now, random: () => 0 };
  return { clock, ...ask(startPace({ schedule, connections, connectionsPerDestination }, world)) };
}

function ask(given: ReturnType<typeof startPace>) {
  /** Enters `count` times. @returns what each has been told so far. */
  const enter = (name: string, count: number): (Admission | undefined)[] => {
    const told: (Admission | undefined)[] = Array.from({ length: count }, () => undefined);
    for (let index = 0; index < count; index++) {
      void given.enter(name, index + 1).then((admission) => (told[index] = admission));
    }
    return told;
  };
  return { pace: given, enter };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const going = (told: readonly (Admission | undefined)[]): number =>
  told.filter((admission) => admission?.kind === 'go').length;

describe('the pace of a destination', () => {
  it('begins with two attempts, and an answer doubles them up to the limit', async () => {
    const { pace: one, enter } = pace();
    const told = enter('far.test', 20);
    await turn();
    assert.equal(going(told), 2);
    one.leave('far.test', alive);
    await turn();
    assert.equal(going(told), 5, 'four at once, one of which has ended');
    for (let ended = 0; ended < 3; ended++) one.leave('far.test', alive);
    await turn();
    assert.equal(one.active, 8, 'no more than the limit');
  });

  it('nobody reached: those that wait are told so at once, and so is whoever comes before the rest is over', async () => {
    const { pace: one, enter, clock } = pace();
    const waiting = enter('dead.test', 10);
    await turn();
    one.leave('dead.test', dead);
    await turn();
    assert.equal(waiting.filter((admission) => admission?.kind === 'suspended').length, 8);
    assert.deepEqual(waiting[9], { kind: 'suspended', because: 'no answer', until: 1_000 });
    clock.now = 999;
    const [early] = enter('dead.test', 1);
    assert.equal(early, undefined);
    const told = enter('dead.test', 1);
    await turn();
    assert.equal(told[0]?.kind, 'suspended');
  });

  it('attempts that fail side by side are one failure; the next one makes the rest longer', async () => {
    const { pace: one, enter, clock } = pace();
    enter('dead.test', 2);
    await turn();
    one.leave('dead.test', dead);
    one.leave('dead.test', dead);
    clock.now = 1_000;
    const again = enter('dead.test', 3);
    await turn();
    assert.equal(going(again), 1, 'one tries for all');
    one.leave('dead.test', dead);
    await turn();
    assert.deepEqual(again[2], { kind: 'suspended', because: 'no answer', until: 6_000 });
  });

  it('an operator who asks for a retry ends every rest', async () => {
    const { pace: one, enter } = pace();
    enter('dead.test', 1);
    await turn();
    one.leave('dead.test', dead);
    one.forgive();
    const told = enter('dead.test', 1);
    await turn();
    assert.equal(going(told), 1);
  });

  it('many dead destinations leave room for one that lives', async () => {
    const { pace: one, enter } = pace(20);
    for (let number = 0; number < 5; number++) enter(`dead${number}.test`, 20);
    const told = enter('alive.test', 1);
    await turn();
    assert.equal(one.active, 11);
    assert.equal(going(told), 1);
  });

  it('never makes more attempts than there are connections, and goes on when one is free', async () => {
    const { pace: one, enter } = pace(3);
    enter('a.test', 2);
    const told = enter('b.test', 2);
    await turn();
    assert.equal(going(told), 1);
    one.leave('a.test', alive);
    await turn();
    assert.equal(going(told), 2);
  });
});

describe('destinations that nobody reached', () => {
  it('are forgotten once there are many and none was asked for long, so that made-up names fill no memory', async () => {
    const { pace: one, enter, clock } = pace(20_000);
    enter('gone.test', 1);
    one.leave('gone.test', dead);
    enter('late.test', 1);
    clock.now = 40 * 60_000;
    one.leave('late.test', dead);
    for (let index = 0; index < 9_998; index++) enter(`d${index}.test`, 1);
    clock.now += 1_000;
    const late = enter('late.test', 2);
    const gone = enter('gone.test', 2);
    await turn();
    assert.equal(going(gone), 2, 'it begins anew');
    assert.equal(going(late), 1, 'what was seen just now still counts');
  });
});

describe('the pace when something changes', () => {
  it('sends away who waits, and whoever comes later, once it is closed', async () => {
    const { pace: one, enter } = pace();
    const told = enter('far.test', 3);
    await turn();
    one.close();
    const late = enter('other.test', 1);
    await turn();
    assert.deepEqual(
      [...told, ...late].map((admission) => admission?.kind),
      ['go', 'go', 'closing', 'closing'],
    );
    one.leave('far.test', alive);
    assert.equal(one.active, 1, 'what is under way still ends');
  });

  it('gives back the claims that wait, and keeps those under way', async () => {
    const { pace: one, enter } = pace();
    const told = enter('far.test', 4);
    await turn();
    assert.deepEqual(one.recall(), [3, 4]);
    await turn();
    assert.deepEqual(
      told.map((admission) => admission?.kind),
      ['go', 'go', 'recalled', 'recalled'],
    );
    one.leave('far.test', alive);
    assert.equal(one.active, 1, 'nobody is let in for one that was sent away');
    assert.deepEqual(one.recall(), []);
  });

  it('a lower limit holds for what has earned more, a higher one lets in who waits', async () => {
    const { pace: one, enter } = pace(100, 8);
    enter('far.test', 20);
    await turn();
    for (let ended = 0; ended < 4; ended++) one.leave('far.test', alive);
    assert.equal(one.active, 8);
    one.adjust({ schedule, connections: 100, connectionsPerDestination: 2 });
    for (let ended = 0; ended < 7; ended++) one.leave('far.test', alive);
    await turn();
    assert.equal(one.active, 2);
    const { pace: narrow, enter: come } = pace(1, 8);
    come('far.test', 2);
    assert.equal(narrow.active, 1);
    narrow.adjust({ schedule, connections: 2, connectionsPerDestination: 8 });
    assert.equal(narrow.active, 2);
  });
});
