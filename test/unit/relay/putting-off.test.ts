import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { type PuttingOff, startPuttingOff, type Turn } from '../../../src/relay/putting-off.ts';

/** A clock that is put forward by hand, with the alarms that were set on it. */
function line() {
  let now = 0;
  const alarms: { readonly at: number; readonly ring: () => void }[] = [];
  const puttingOff = startPuttingOff(
    () => now,
    (ms, ring) => void alarms.push({ at: now + ms, ring }),
  );
  return {
    puttingOff,
    pass: async (ms: number): Promise<void> => {
      now += ms;
      for (const one of alarms.filter(({ at }) => at <= now)) {
        alarms.splice(alarms.indexOf(one), 1);
        one.ring();
      }
      await turnOfLoop();
    },
  };
}

/** Claims in the order in which their turns come. */
function entered(puttingOff: PuttingOff, claims: readonly (readonly [number, number])[]) {
  const turns: { readonly fence: number; readonly turn: Turn }[] = [];
  for (const [fence, recipients] of claims)
    void puttingOff.enter(fence, recipients).then((turn) => turns.push({ fence, turn }));
  const leave = (): void => {
    for (const { turn } of turns) if (turn.kind === 'go') turn.leave();
  };
  const fences = (): readonly number[] => turns.map(({ fence }) => fence);
  return { turns, leave, fences };
}

const single = (from: number, count: number): [number, number][] =>
  Array.from({ length: count }, (_, index) => [from + index, 1]);

describe('mail for destinations that rest', () => {
  it('is put off in lots, and after each the mail of others has nine times as long', async () => {
    const { puttingOff, pass } = line();
    const { fences, leave } = entered(puttingOff, [
      [1, 100],
      [2, 60],
      [3, 60],
      [4, 1],
    ]);
    await pass(0);
    assert.deepEqual(fences(), [1]);
    await pass(5);
    leave();
    await pass(44);
    assert.deepEqual(fences(), [1]);
    await pass(1);
    assert.deepEqual(fences(), [1, 2, 3]);
    leave();
    await pass(0);
    assert.deepEqual(fences(), [1, 2, 3, 4]);
  });

  it('waits until the whole lot is recorded', async () => {
    const { puttingOff, pass } = line();
    const { turns, fences, leave } = entered(puttingOff, [
      [1, 1],
      [2, 50],
      [3, 50],
      [4, 1],
    ]);
    await pass(0);
    leave();
    await pass(0);
    assert.deepEqual(fences(), [1, 2, 3]);
    const second = turns[1]?.turn;
    assert.ok(second?.kind === 'go');
    second.leave();
    second.leave();
    await pass(10_000);
    assert.deepEqual(fences(), [1, 2, 3]);
  });

  it('waits no more than a second, however long a lot takes', async () => {
    const { puttingOff, pass } = line();
    const { fences, leave } = entered(puttingOff, [
      [1, 100],
      [2, 100],
    ]);
    await pass(60_000);
    leave();
    await pass(999);
    assert.deepEqual(fences(), [1]);
    await pass(1);
    assert.deepEqual(fences(), [1, 2]);
  });

  it('does not wait where two hundred wait already: it would take the places of others', async () => {
    const { puttingOff, pass } = line();
    const { fences } = entered(puttingOff, [[0, 100], ...single(1, 200)]);
    await pass(0);
    assert.deepEqual(fences(), [0]);
    const late = entered(puttingOff, [[999, 1]]);
    await pass(0);
    assert.deepEqual([fences(), late.fences()], [[0], [999]]);
  });

  it('is given back where an operator has a word, but for what is being recorded', async () => {
    const { puttingOff, pass } = line();
    const { turns, leave } = entered(puttingOff, [
      [1, 100],
      [2, 1],
      [3, 1],
    ]);
    await pass(0);
    assert.deepEqual(puttingOff.recall(), [2, 3]);
    await pass(0);
    assert.deepEqual(
      turns.map(({ fence, turn }) => [fence, turn.kind]),
      [
        [1, 'go'],
        [2, 'recalled'],
        [3, 'recalled'],
      ],
    );
    leave();
    const later = entered(puttingOff, [[4, 1]]);
    await pass(1);
    assert.deepEqual(later.fences(), [4]);
  });

  it('is sent away when the relay stops, then and from then on', async () => {
    const { puttingOff, pass } = line();
    const { turns } = entered(puttingOff, [
      [1, 100],
      [2, 1],
    ]);
    await pass(0);
    puttingOff.close();
    const late = entered(puttingOff, [[3, 1]]);
    await pass(0);
    assert.deepEqual(
      [...turns, ...late.turns].map(({ turn }) => turn.kind),
      ['go', 'closing', 'closing'],
    );
  });
});
