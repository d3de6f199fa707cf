import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Admission, noOwnLimits, type OwnLimits, startPace } from '../../../src/relay/pace.ts';

const schedule = { retryAfterMs: [1_000, 5_000], jitter: 0, giveUpAfterMs: 1e9, warnAfterMs: 1e8 };
const dead = { kind: 'nobody', because: 'no answer' } as const;
const alive = { kind: 'host' } as const;
const busy = { kind: 'busy', because: '421 too many' } as const;

function pace(connections = 100, connectionsPerDestination = 8, messagesPerMinute: number | null = null) {
  const clock = { now: 0 };
  const alarms: { readonly at: number; readonly ring: () => void }[] = [];
  const world = { now: () => clock.now, random: () => 0 };
  const settings = { schedule, connections, connectionsPerDestination, messagesPerMinute };
  const given = startPace(settings, world, (ms, ring) => alarms.push({ at: clock.now + ms, ring }));
  /** Puts the clock forward, from one alarm to the next. */
  const pass = async (until: number): Promise<void> => {
    for (;;) {
      const next = alarms.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      alarms.splice(alarms.indexOf(next), 1);
      clock.now = next.at;
      next.ring();
      await turn();
    }
    clock.now = until;
  };
  return { clock, pass, ...ask(given) };
}

function ask(given: ReturnType<typeof startPace>) {
  /** Enters `count` times. @returns what each has been told so far. */
  const enter = (name: string, count: number, own: OwnLimits = noOwnLimits): (Admission | undefined)[] => {
    const told: (Admission | undefined)[] = Array.from({ length: count }, () => undefined);
    for (let index = 0; index < count; index++) {
      void given.enter(name, index + 1, own).then((admission) => (told[index] = admission));
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
    one.adjust({ schedule, connections: 100, connectionsPerDestination: 2, messagesPerMinute: null });
    for (let ended = 0; ended < 7; ended++) one.leave('far.test', alive);
    await turn();
    assert.equal(one.active, 2);
    const { pace: narrow, enter: come } = pace(1, 8);
    come('far.test', 2);
    assert.equal(narrow.active, 1);
    narrow.adjust({ schedule, connections: 2, connectionsPerDestination: 8, messagesPerMinute: null });
    assert.equal(narrow.active, 2);
  });
});

describe('a destination that says there are too many of us', () => {
  /** `count` attempts at once, which it has earned. */
  async function grown(count: number) {
    const one = pace(100, count);
    one.enter('far.test', count * 4);
    await turn();
    for (let ended = 0; ended < count; ended++) one.pace.leave('far.test', alive);
    await turn();
    assert.equal(one.pace.active, count);
    return one;
  }

  it('gets half as many from then on; who was turned away comes again once there is room', async () => {
    const one = await grown(8);
    assert.equal(one.pace.leave('far.test', busy), true);
    const again = one.enter('far.test', 1);
    await turn();
    assert.deepEqual(
      [one.pace.active, going(again)],
      [7, 0],
      'seven are more than the four that are allowed',
    );
    for (let ended = 0; ended < 4; ended++) one.pace.leave('far.test', alive);
    await turn();
    assert.equal(one.pace.active, 4, 'the next ones have come in their place');
  });

  it('gets as many as it has taken, where several are turned away side by side', async () => {
    const one = await grown(8);
    for (let ended = 0; ended < 6; ended++) one.pace.leave('far.test', busy);
    await turn();
    assert.equal(one.pace.active, 2);
    one.pace.leave('far.test', alive);
    await turn();
    assert.equal(one.pace.active, 2);
  });

  it('earns one more a minute', async () => {
    const one = await grown(8);
    one.pace.leave('far.test', busy);
    for (const [now, room] of [
      [59_999, 4],
      [60_000, 5],
      [119_999, 5],
      [120_000, 6],
    ] as const) {
      one.clock.now = now;
      one.pace.leave('far.test', alive);
      one.enter('far.test', 8);
      await turn();
      while (one.pace.active > room) one.pace.leave('far.test', alive);
      assert.equal(one.pace.active, room, `after ${now} ms`);
    }
  });

  it('with nobody of ours left there waits for 1, 2 and 4 s, and then rests on the schedule', async () => {
    const one = pace();
    one.enter('far.test', 1);
    await turn();
    one.pace.leave('far.test', alive);
    one.enter('far.test', 1);
    await turn();
    let now = 0;
    for (const wait of [1_000, 2_000, 4_000]) {
      assert.equal(one.pace.leave('far.test', busy), true);
      const again = one.enter('far.test', 1);
      await one.pass(now + wait - 1);
      assert.equal(going(again), 0);
      now += wait;
      await one.pass(now);
      assert.equal(going(again), 1, `after ${wait} ms`);
    }
    assert.equal(one.pace.leave('far.test', busy), false);
    const resting = one.enter('far.test', 1);
    await turn();
    assert.deepEqual(resting[0], { kind: 'suspended', because: '421 too many', until: now + 1_000 });
  });

  it('rests at once where none of its hosts has ever answered', async () => {
    const one = pace();
    one.enter('far.test', 1);
    await turn();
    assert.equal(one.pace.leave('far.test', busy), false);
    const [told] = one.enter('far.test', 1);
    assert.equal(told, undefined);
  });
});

describe('so many messages a minute', () => {
  it('are evenly spaced, and what is not its turn waits', async () => {
    const one = pace(100, 8, 6);
    const told = one.enter('far.test', 5);
    await turn();
    assert.equal(going(told), 1);
    one.pace.leave('far.test', alive);
    await one.pass(9_999);
    assert.equal(going(told), 1);
    await one.pass(10_000);
    assert.equal(going(told), 2);
    await one.pass(40_000);
    assert.equal(going(told), 5);
  });

  it('of one destination do not slow down another', async () => {
    const one = pace(100, 8, 1);
    const slow = one.enter('slow.test', 3);
    const other = one.enter('other.test', 1);
    await turn();
    assert.deepEqual([going(slow), going(other)], [1, 1]);
  });

  it('its route says how many, and how many at once', async () => {
    const one = pace(100, 8, 6);
    const own = { connections: 1, messagesPerMinute: 60 };
    const told = one.enter('far.test', 4, own);
    await turn();
    assert.equal(going(told), 1);
    await one.pass(5_000);
    assert.equal(going(told), 1, 'one at a time');
    one.pace.leave('far.test', alive);
    await turn();
    assert.equal(going(told), 2);
    one.pace.leave('far.test', alive);
    await one.pass(7_000);
    assert.equal(going(told), 3);
  });

  it('are not forgotten with the last message of the destination', async () => {
    const one = pace(100, 8, 1);
    one.enter('far.test', 1);
    await turn();
    one.pace.leave('far.test', alive);
    const told = one.enter('far.test', 1);
    await one.pass(59_999);
    assert.equal(going(told), 0);
    await one.pass(60_000);
    assert.equal(going(told), 1);
  });
});

describe('many destinations that went down together', () => {
  it('come back at different times, also after the longest rest', async () => {
    const clock = { now: 0 };
    let dice = 0;
    const world = { now: () => clock.now, random: () => (dice++ % 10) / 10 };
    const slow = { retryAfterMs: [3_600_000], jitter: 0.2, giveUpAfterMs: 1e9, warnAfterMs: 1e8 };
    const settings = {
      schedule: slow,
      connections: 100,
      connectionsPerDestination: 8,
      messagesPerMinute: null,
    };
    const one = startPace(settings, world, () => undefined);
    const ends = new Set<number>();
    for (let index = 0; index < 10; index++) {
      void one.enter(`d${index}.test`, 1, noOwnLimits);
      one.leave(`d${index}.test`, dead);
      const admission = await one.enter(`d${index}.test`, 1, noOwnLimits);
      assert.ok(admission.kind === 'suspended' && admission.until <= 30 * 60_000);
      ends.add(admission.until);
    }
    assert.equal(ends.size, 10);
  });

  it('one of which an operator forgives alone', async () => {
    const one = pace();
    for (const name of ['a.test', 'b.test']) {
      one.enter(name, 1);
      await turn();
      one.pace.leave(name, dead);
    }
    one.pace.forgive('a.test');
    const told = [...one.enter('a.test', 1), ...one.enter('b.test', 1)];
    assert.equal(told.length, 2);
    await turn();
    assert.equal(one.pace.active, 1);
  });
});

describe('a destination whose host has no place for us', () => {
  const full = { kind: 'crowded', because: 'waits for its turn' } as const;

  it('waits a little, with all its mail, and twice as long each further time', async () => {
    const { pace: one, enter, clock } = pace();
    const told = enter('far.test', 5);
    await turn();
    one.leave('far.test', full);
    await turn();
    assert.deepEqual(
      told.slice(2),
      Array.from({ length: 3 }, () => ({ ...full, kind: 'postponed', until: 5_000 })),
    );
    one.leave('far.test', full);
    const [later] = enter('far.test', 1);
    assert.equal(later, undefined);
    await turn();
    assert.deepEqual(one.postponed('far.test')?.until, 5_000, 'attempts side by side are one');
    clock.now = 5_000;
    const again = enter('far.test', 1);
    await turn();
    assert.equal(going(again), 1);
    one.leave('far.test', full);
    assert.equal(one.postponed('far.test')?.until, 15_000);
  });

  it('is no worse a destination for it, and once it is served it begins with the short wait', async () => {
    const { pace: one, enter, clock } = pace();
    enter('far.test', 1);
    await turn();
    one.leave('far.test', full);
    clock.now = 5_000;
    enter('far.test', 1);
    await turn();
    one.leave('far.test', alive);
    const told = enter('far.test', 9);
    await turn();
    assert.equal(going(told), 4, 'two at first, and an answer doubled them');
    one.leave('far.test', full);
    assert.equal(one.postponed('far.test')?.until, 10_000);
    one.forgive('far.test');
    assert.equal(one.postponed('far.test'), undefined);
  });
});
